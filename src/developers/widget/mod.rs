//! The login button that other sites embed with a script.
//!
//! Used by developers, including old pages written for the original service, and by visitors, who see their
//! name on the button where the browser allows it.
//!
//! ```text
//! widget/login.js ─▶ a link to /oauth/authorize/, always
//!       │ page of the same site ─▶ frame /widget/login/ over it: "Continue as Asha", from the session
//!       └ page of another site, browser with FedCM ─▶ on a click: the browser's account chooser ([`fedcm`](crate::protocol::fedcm))
//!             └ the same frame, after the account chooser was used there: the browser gives the name to the frame, not to the page
//! ```
//!
//! Decision: the button is a plain link in the page, because a link works in every browser, whatever its
//! rules for frames and cookies. The frame and FedCM are optional layers on top.
//!
//! Decision: nothing outside the frame depends on who is signed in. The frame has a fixed size, and sends
//! one message, only to a page of the app's own origin, because otherwise any site could detect that a
//! visitor is signed in here.
//!
//! Decision: the script is cached for an hour at its old address, because old pages should get fixes, and
//! for ever at numbered addresses, because pages with its hash (SRI) must get the same bytes.

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

/// The dependencies of this room.
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
