//! The export of everything that is stored about a person, and closing the account.
//!
//! ```text
//! open ──close──▶ closed, seven days: apps can read nothing ──▶ deleted
//!   ▲                │ sign in, reopen
//!   └────────────────┘
//! ```
//!
//! Decision: both need a recent sign-in, because a browser may be left open, and a copy of everything is
//! worth as much as the account (ASVS 7.5.3): within ten minutes for the copy, and within two to close the
//! account, so that almost every person enters the password again.
//!
//! Decision: closing takes effect for apps at once and not after seven days, because a person who closes
//! the account wants to be left alone; consents stay in case the account is reopened.
//!
//! Decision: what a person owns is deleted with them, apps included, and the page tells them so before. The
//! owner of a verified app has to hand it over first, because a campus relies on it.
//!
//! Decision: every table with personal data refers to `people` and its rows are deleted with the person.
//! Only the audit stays, which has ids and no names.

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

/// Dependencies of the room.
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
