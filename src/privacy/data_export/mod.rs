//! Everything about a person: to take along, and to end.
//!
//! Whom it serves: the person who wants to see all that is kept, or to go.
//!
//! ```text
//! open ──close──▶ closed, seven days: no app reads anything ──▶ gone
//!   ▲                │ sign in, keep
//!   └────────────────┘
//! ```
//!
//! Decision: both need a fresh sign-in, because a browser may lie open on a desk, and a copy of everything
//! is worth as much as the account (ASVS 7.5.3): one of the last ten minutes for the copy, and of the last two
//! to close it, so that almost everybody types the password again.
//!
//! Decision: closing takes effect for apps at once and not after seven days, since whoever closes wants
//! to be left alone; consents stay as they were in case the mind is changed.
//!
//! Decision: what somebody owns goes with them, their apps too, and everybody is told so before. Who
//! runs a verified app has to find somebody else for it first: a campus relies on it.
//!
//! Decision: every table that speaks of a person refers to its row in `people` and is deleted with it.
//! Only the audit stays, which knows numbers and no names.

mod archive;
mod close;
mod lately;
mod pages;
mod remove;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use remove::AccountRemoval;

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;
use crate::protocol::access_log::AccessLog;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub pictures: Pictures,
    pub access_log: AccessLog,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user/data", get(pages::home))
            .route(
                "/user/data/export",
                get(pages::ask_export).post(pages::export),
            )
            .route("/user/data/close", get(pages::ask_close).post(pages::close))
            .route("/user/data/keep", post(pages::keep).get(pages::home))
            .with_state(self)
    }
}
