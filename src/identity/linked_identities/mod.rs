//! The ways somebody has of signing in: linked, looked at, removed.
//!
//! Whom it serves: the person who signs in with a password today and with the campus' account
//! tomorrow, and who wants to be one person in both.
//!
//! A further way is proved on the sign-in page ([`crate::identity::login`]), which is told that it is for linking.
//!
//! Decision: a further way is linked only from here, by somebody who is signed in since a short while,
//! after they have proved that it is theirs. An equal mail address or roll number links nothing: who
//! says so may be wrong, and an account would be somebody else's.
//!
//! Decision: the last way that works cannot be removed, and a password kept here is not removed here,
//! because nothing else would let anybody in while the campus' systems are closed.
//!
//! Decision: who removes a way is signed out in every other browser, because they may have found that
//! somebody else came in by it.

mod pages;
mod remove;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::connectors::ConnectorRegistry;
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
    pub ways: ConnectorRegistry,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user/ways-in", get(pages::list))
            .route("/user/ways-in/remove", get(pages::ask).post(pages::remove))
            .with_state(self)
    }
}
