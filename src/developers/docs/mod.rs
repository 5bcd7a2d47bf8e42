//! The documentation for developers: how to register an app, every request and response of a sign-in, the
//! user API, errors and policy.
//!
//! Each tab is one page, and each snippet is a complete program with the client id and redirect URI of the
//! reader's own app.
//!
//! ```text
//! /doc/{tab}/?app=…&lang=… ─▶ choose the app ─▶ render the tab's text ─▶ collect its headings ─▶ render the page
//! ```
//!
//! Decision: snippets are files in `templates/docs/`, one per language and library, because a story can
//! then take each from the page and run it. Values of the app are inserted as string literals of the
//! language ([`snippets`]).
//!
//! Decision: a snippet never contains a secret, not even a masked one; it reads the secret from the
//! environment, because programs that start from it will do the same.
//!
//! Decision: the list of headings is read from the text ([`text`]), because a separate list would get out
//! of date. Scopes and fields come from their tables, lifetimes and limits from the settings, and hostels,
//! departments and degrees from the database.

mod button;
mod model;
mod pages;
mod reader;
mod snippets;
mod tables;
mod text;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::platform::config::{Lifetimes, SendMailLimits};
use crate::platform::db::Db;
use crate::platform::web::Web;

/// The dependencies of this room.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub settings: DocsSettings,
}

/// The limits that the documentation shows.
#[derive(Debug, Clone, Copy)]
pub struct DocsSettings {
    pub lifetimes: Lifetimes,
    /// The user limit of an unverified app.
    pub cap: i32,
    /// The mail limits of apps.
    pub send_mail: SendMailLimits,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/doc", get(pages::first))
            .route("/doc/{tab}", get(pages::tab))
            .with_state(self)
    }
}
