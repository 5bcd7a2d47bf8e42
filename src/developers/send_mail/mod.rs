//! Apps write to people who allowed it, without learning their address.
//!
//! Whom it serves: the app, which has something to tell; and the person, who can end it from any of
//! its mails, without signing in (RFC 8058).
//!
//! ```text
//! POST ─read─▶ 400, every wrong field at once
//!   │
//!   ▼ allowance (under the app's row lock) ─▶ 429, with when to come back
//!   │ recorded
//!   ▼ mail server, twelve seconds at most ─▶ status true or false, recorded with the reason
//! ```
//!
//! Decision: the mail is sent while the app waits and does not go through the outbox, because what it
//! says is written down nowhere: not in the database, not in a log, not in an error.
//!
//! Decision: ending it is a decision about the grant, the same as unticking the scope at consent: the
//! next consent page comes up without the tick, and ticking it again is all it takes to allow it again.

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

/// What 64 KiB of text can be in JSON or in a form, where a sign may take six, and the rest.
const BODY: usize = 512 * 1024;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub tokens: token::Feature,
    pub transport: MailTransport,
    /// The address mails come from.
    pub from: Address,
    pub allowance: MailQuota,
    /// Seals the links that end an app's mail.
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
