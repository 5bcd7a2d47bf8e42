//! Trading codes for tokens, keeping them fresh, taking them back.
//!
//! ```text
//! code ──exchange──▶ pair ──refresh──▶ pair ──refresh──▶ pair …      one family
//!   │ again, later      │ old token again:                 │
//!   ▼                   ▼                                  ▼ revoke: this pair ends
//! family ends         at once, successor unused: a lost answer, the successor is replaced
//!                     otherwise: replayed, the family ends, the person gets a mail
//! ```
//!
//! A token lives while its pair, its family and its grant do, and neither app nor person is suspended,
//! and the person is not about to leave.
//! So whoever ends any of these ends it everywhere at the next request, and nobody has to find tokens.
//!
//! Decision: no transaction in the common case. Exchange and refresh load the facts, judge them in
//! pure rules and oxide-auth's machines, and keep the outcome in one statement that takes the old and
//! makes the new, and does nothing if somebody was faster.

mod api;
mod bearer;
mod client_auth;
mod doubt;
mod end;
mod exchange;
mod generate;
mod model;
mod refresh;
mod replay;
mod request;
mod revoke;
mod rules;
mod store;
mod sweep;

pub use api::{Feature, TokenEndpointState, routes};
pub use bearer::{AccessToken, Bearer};
pub use end::end_after_new_password;
pub use generate::{AuthorizationCode, code};
pub use sweep::sweep;
