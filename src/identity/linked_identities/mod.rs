//! Identities that are linked to a person: for a person who signs in with a password today and with the
//! campus account tomorrow, and wants one account for both.
//!
//! A new identity is proved on the sign-in page ([`crate::identity::login`]), which gets the purpose of
//! linking from here.
//!
//! Decision: an identity is linked only by a person who has signed in recently and has proved it. An equal
//! mail address or roll number links nothing, because a provider may be wrong about it, and the account
//! would go to another person.
//!
//! Decision: the last identity that works cannot be removed, and a password of this service is not removed
//! here, because the person could then not sign in while the campus systems are unavailable.
//!
//! Decision: removing an identity ends every other session, because another person may have signed in with
//! it. Adding one ends no session, because the person has just proved who they are, but ends what was begun before.

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

/// Dependencies of the room.
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
