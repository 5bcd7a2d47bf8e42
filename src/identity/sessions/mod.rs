//! Sessions of a person, and ending them: for a person who left a browser open on a shared computer, or who
//! suspects that another person is signed in to their account.
//!
//! Decision: a browser is identified by its user agent and the time it was last seen, not by its address,
//! because this service does not need to know where people are. A campus that names its networks
//! (`PROFILES_PLACES`) shows the name; the address is dropped with the request. Sign-ins come from the
//! audit, which has no addresses either.

mod pages;
mod store;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;

/// Dependencies of the room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user/sessions", get(pages::list))
            .route("/user/sessions/end", post(pages::end).get(pages::back))
            .route(
                "/user/sessions/end-others",
                post(pages::end_others).get(pages::back),
            )
            .with_state(self)
    }
}
