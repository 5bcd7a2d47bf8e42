//! The campus apps, and the pages where students who make one look after it.
//!
//! Who it serves: the developer, for a minute when the app is registered and rarely afterwards. What
//! other rooms need of an app to decide a request they read themselves, in their own statement; from
//! here they take the words ([`App`], [`Kind`], [`Face`]) and [`preflight`].
//!
//! ```text
//! register ─▶ unverified ─(an administrator looks at it)─▶ verified
//!                │  edit everything, delete                   │  edit description, contact
//!                └──────────── rotate secret ─────────────────┘
//! ```
//!
//! Decision: a verified app keeps its name, logo, links, type and redirect URIs, and goes on requiring
//! PKCE, because people know it by them and they are what was verified; a change needs the
//! administrator again. Description and contact stay free, because an app that cannot mend a typing
//! error asks for exceptions.
//!
//! Decision: a new secret reaches its page through a sealed cookie of the developer's own browser, gone
//! with the page, because so a reload shows it again and the server keeps nothing it could lose.
//! Answering the form with the page itself would make another secret on reload.
//!
//! Decision: an app of somebody else is not found, as one that never was; there is no "not yours".

mod own;
mod pages;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::get;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::web;
use crate::platform::web::Web;

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub pictures: Pictures,
    pub cap: UserCap,
}

/// How many people an unverified app may have, for the pages to say.
#[derive(Debug, Clone, Copy)]
pub struct UserCap(pub i32);

impl Feature {
    pub fn routes(self) -> Router {
        let with_picture = DefaultBodyLimit::max(web::MAX_MULTIPART_BODY);
        Router::new()
            .route("/oauth/applications", get(pages::list))
            .route(
                "/oauth/applications/register",
                get(pages::new).post(pages::register).layer(with_picture),
            )
            .route("/oauth/applications/{id}", get(pages::show))
            .route(
                "/oauth/applications/{id}/update",
                get(pages::edit).post(pages::save).layer(with_picture),
            )
            .route(
                "/oauth/applications/{id}/delete",
                get(pages::ask_delete).post(pages::delete),
            )
            .route(
                "/oauth/applications/{id}/secret",
                get(pages::ask_secret).post(pages::make_secret),
            )
            .route("/oauth/applications/{id}/secret/shown", get(pages::secret))
            .route(
                "/oauth/applications/{id}/look-up",
                get(pages::ask_token).post(pages::make_token),
            )
            .route("/oauth/applications/{id}/look-up/shown", get(pages::token))
            .with_state(self)
    }
}
