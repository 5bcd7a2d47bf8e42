//! The apps that a user connected, what each can read and has read, and how to remove access.
//!
//! Used by users. Removing access takes a confirmation page and a button. It ends the grant, and with it
//! all tokens and unused codes at once (see [`grants`](crate::protocol::grants)); refusals stay remembered.
//! A single field or scope can be removed too: the app keeps the rest, and its next user API request no
//! longer returns the field.

mod model;
mod pages;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;
use crate::protocol::access_log::AccessLog;

/// The dependencies of this room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub access_log: AccessLog,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user/settings", get(pages::list))
            .route("/user/settings/{app}", get(pages::show::show))
            .route(
                "/user/settings/{app}/withdraw",
                get(pages::withdraw::ask).post(pages::withdraw::withdraw),
            )
            .route(
                "/user/settings/{app}/take-back",
                get(pages::ask).post(pages::take_back),
            )
            .with_state(self)
    }
}
