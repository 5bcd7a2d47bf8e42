//! The documentation for student developers: how to register an app, every request and response of a
//! sign-in, what can be read, what goes wrong and how it is mended.
//!
//! Who it serves: a student with an evening to spend. So each tab is a page of its own that can be read
//! from top to bottom, and each snippet is a whole program: it runs as it stands on the page, with the
//! reader's own client id and redirect URI in it.
//!
//! ```text
//! /doc/{tab}/?app=…&lang=… ─▶ whose app? ─▶ the tab's text ─▶ its headings ─▶ the page round both
//! ```
//!
//! Decision: snippets are files below `templates/docs/`, one per language and library, because so a
//! story can take each from the page and run it. What a snippet says of the app is written into it as
//! a string literal of its language ([`snippets`]).
//!
//! Decision: a snippet never carries a secret, not even a masked one; it reads it from the environment,
//! because so will the program that grows out of it.
//!
//! Decision: the list of headings beside the text is read from the text ([`text`]), because a list kept
//! beside it would go stale. Scopes and fields come from the one table, lifetimes and the cap from the
//! settings, hostels, departments and degrees from the database.

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

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub settings: DocsSettings,
}

/// The numbers that the documentation states.
#[derive(Debug, Clone, Copy)]
pub struct DocsSettings {
    pub lifetimes: Lifetimes,
    /// How many people an unverified app may have.
    pub cap: i32,
    /// How many mails apps may send.
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
