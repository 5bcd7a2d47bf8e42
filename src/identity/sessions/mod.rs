//! Where somebody is signed in, and ending it there.
//!
//! Whom it serves: the person who left a browser open on a shared computer, or who wonders whether
//! somebody else is signed in as them.
//!
//! Decision: a browser is told by what it says it is and when it was seen, not by its address: where
//! somebody was is nothing this service needs to know. A campus that names its networks
//! (`PROFILES_PLACES`) lets its people see the name; the address is forgotten with the request that
//! brought it. Sign-ins come from the audit, which has no addresses either.

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

/// What the room needs.
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
