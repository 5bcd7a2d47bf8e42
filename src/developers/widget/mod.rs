//! The login button that other sites place with one script.
//!
//! Who it serves: the developer, who copies four lines once, and whose page of 2015 goes on working; and
//! the person in front of the button, who sees who would sign in where the browser lets us know.
//!
//! ```text
//! widget/login.js ─▶ a link to /oauth/authorize/, always
//!       │ page of the same site ─▶ frame /widget/login/ over it: "Continue as Asha", from her session
//!       └ page of another site, browser with FedCM ─▶ on a click: the browser's account chooser ([`fedcm`](crate::protocol::fedcm))
//!             └ the same frame, once Asha has used the chooser there: the browser tells it, and not the page
//! ```
//!
//! Decision: the button is a link that the script draws into the page itself, because a link works in
//! every browser, whatever it does to frames and cookies; everything else is put on top of it and may
//! fail.
//!
//! Decision: nothing that leaves the frame depends on who is signed in. It has one size and says one
//! sentence, and that only to a page of the app's own origin, because otherwise any site could learn
//! that somebody is signed in here.
//!
//! Decision: the script is answered under its old address for an hour, because pages link it there for
//! years and want mends, and under numbered addresses for ever, because pages that hold its hash (SRI)
//! want none.

mod api;
mod model;
mod pages;
mod script;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
pub use model::{BUTTON, ColourParam, OTHER, WORDS};
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use script::release;

use crate::platform::db::Db;
use crate::platform::web::Web;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/static/widget/js/{file}", get(api::script))
            .route("/widget/login", get(pages::context))
            .with_state(self)
    }
}
