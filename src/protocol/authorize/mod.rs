//! The authorization endpoint (RFC 6749 §3.1): apps send people here to sign in and to give consent.
//!
//! ```text
//! GET /oauth/authorize
//!   │ params.rs   read the parameters
//!   │ store.rs    load client, session and consent in one statement
//!   ▼ decide.rs   the checks, in this order:
//!   client, redirect URI ─────── wrong ───▶ error page, never a redirect
//!   session ──────────────────── none ────▶ sign in, then the same request again; a long one
//!                                           is kept, and the browser carries its name
//!   response type, state, PKCE, scope ────▶ error redirect to the client
//!   user cap ─────────────────── reached ─▶ error page
//!   consent ──────────────────── covers ──▶ code to the client
//!   └ does not cover: store the request, show the consent page
//!
//! POST /oauth/authorize/{id}
//!   ▼ consent.rs  is the request still valid, and what was decided
//!   ├ deny ──▶ access_denied to the client
//!   └ allow ─▶ grant and code in one transaction, code to the client
//! ```
//!
//! Two adapters load the facts and render the outcome of the same decision: [`pages`] as pages and
//! redirects, [`fedcm`] as JSON for the browser (FedCM).
//!
//! Decision: the validated request is stored in a row, and the consent form carries its id, the ticked
//! fields and a CSRF token, because a request in hidden fields would have to be validated a second time,
//! instead of trusting what the browser sends back. A request is stored only when its page is shown.
//!
//! Decision: an error for an app that is not verified is shown on a page with a link, because an
//! immediate redirect would make this server an open redirector for anybody who registers an app
//! (RFC 9700 §4.11.2), instead of sending it at once as RFC 6749 §4.1.2.1 has it.

mod answer_consent;
mod causes;
mod consent_decision;
mod consent_page;
mod decide;
mod error_page;
mod fedcm;
mod issue_code;
mod keep_request;
mod model;
mod pages;
mod params;
mod refusal;
mod store;
mod sweep;

pub use causes::ALL as PROBLEM_CAUSES;
pub use fedcm::FedcmOutcome;
pub use keep_request::KeptRequestLimiter;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use pages::{AuthorizeSettings, Feature, routes};
pub use sweep::sweep;
