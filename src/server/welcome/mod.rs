//! The front page, with a link for people and one for developers.

mod pages;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::platform::web::Web;

/// The front page.
#[derive(Clone, Debug, FromRef)]
pub struct Feature {
    pub web: Web,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new().route("/", get(pages::home)).with_state(self)
    }
}
