//! Apps send mail to users who allowed it, without seeing their address.
//!
//! Used by apps, and by users, who can unsubscribe from any of these mails without signing in (RFC 8058).
//!
//! ```text
//! POST ─parse─▶ 400 with all invalid fields
//!   │
//!   ▼ check the quota (under the row lock of the app) ─▶ 429 with Retry-After
//!   │ record the mail
//!   ▼ send to the mail server, at most 12 seconds ─▶ record the outcome ─▶ status true or false
//! ```
//!
//! Decision: the mail is sent during the request, because its content is then never stored: not in the
//! database, not in a log, not in an error. The outbox would store it.
//!
//! Decision: to unsubscribe is to remove the scope from the grant, as on the consent page. The next consent
//! page shows the scope unticked; ticking it allows mail again.

mod api;
mod compose;
mod form;
mod model;
mod pages;
mod rules;
mod send;
mod stop;
mod store;
mod sweep;

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{get, post};
use axum::{Router, middleware};
use lettre::Address;
pub use model::MailQuota;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use stop::UnsubscribeToken;
pub use sweep::sweep;

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::mail::MailTransport;
use crate::platform::rng::SharedRng;
use crate::platform::secret::ServerKey;
use crate::platform::web::{Web, allow_registered_origins};
use crate::protocol::token;

/// 64 KiB of text in JSON or a form, where a character can take six bytes, and the other fields.
const BODY: usize = 512 * 1024;

/// The dependencies of this room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub tokens: token::Feature,
    pub transport: MailTransport,
    /// The sender address.
    pub from: Address,
    pub allowance: MailQuota,
    /// Authenticates unsubscribe links.
    pub stop_key: ServerKey,
}

impl Feature {
    pub fn routes(self) -> Router {
        let send = post(api::send)
            .options(api::preflight)
            .fallback(api::not_allowed)
            .layer(DefaultBodyLimit::max(BODY));
        Router::new()
            .route("/user/api/user/send_mail", send)
            .layer(middleware::from_fn(allow_registered_origins))
            .route("/mail/stop/{link}", get(pages::ask).post(pages::stop))
            .with_state(self)
    }
}
