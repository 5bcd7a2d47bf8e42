//! The developer's pages: register, edit and delete an app, rotate its client secret.
//!
//! Used by developers. Other rooms read apps with their own statements and use the types of
//! [`clients`](crate::protocol::clients).
//!
//! ```text
//! register ─▶ unverified: edit everything, rotate the secret, delete
//! `profiles app add --verified` ─▶ verified: edit description and contact, rotate the secret
//! ```
//!
//! Decision: the owner of a verified app cannot change its name, logo, links, client type or redirect
//! URIs, or stop requiring PKCE, because users recognise the app by them. Description and contact stay
//! editable, so that the owner can correct a spelling mistake.
//!
//! Decision: the page that shows a new secret reads it from an authenticated, short-lived cookie, because
//! a reload then shows it again and the server stores no plaintext, instead of rendering the page as the
//! response of the form, where a reload would create another secret.
//!
//! Decision: an app of another owner is answered with 404, like an app that does not exist, because 403
//! would confirm its id.

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

/// The dependencies of this room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub pictures: Pictures,
    pub cap: UserCap,
}

/// The user limit of an unverified app, as the pages show it.
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
