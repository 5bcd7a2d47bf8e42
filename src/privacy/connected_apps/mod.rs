//! What somebody allowed, to whom, since when, what was read of it; and taking it back.
//!
//! Whom it serves: the person, whose page this is. Taking back is as near as giving: a button, a page
//! that says what ends, a button. It ends the grant, and everything under it dies with it at once,
//! tokens and unused codes alike (see `grants`); what was refused stays remembered. A field or a scope
//! can be taken back alone: the app keeps the rest, and does not find it again at its next request.

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

/// What the room needs.
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
