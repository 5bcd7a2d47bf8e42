//! What is known about the person who looks, as they see it: read-only in this first form.

mod pages;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;

use crate::db::Db;
use crate::web::Web;

#[cfg(test)]
pub(crate) use pages::samples::samples;

/// What the room needs.
#[derive(Clone, Debug, FromRef)]
pub struct Feature {
    pub web: Web,
    pub db: Db,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/user", get(pages::home))
            .with_state(self)
    }
}
