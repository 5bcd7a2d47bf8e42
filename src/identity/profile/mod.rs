//! What is known about the person who looks: the directory's word for it, and what they say themselves,
//! which they change here, one section at a time.
//!
//! ```text
//! a section ─save─▶ every value fits ─▶ kept, back to the page
//!                   something does not ─▶ the page again: nothing kept, everything typed still there
//!
//! an address added ─▶ unverified ──mail──▶ link (30 minutes) ─▶ page ─button─▶ verified
//!                         ▲───────── again, so often ─────┘
//! ```
//!
//! Decision: a mailed link opens a page for whoever is signed in to the profile the address was added to,
//! and only its button confirms, because machines that look for harm in mails follow links, and because
//! nobody else may decide that an address belongs to this profile.
//!
//! Decision: who changes addresses has signed in within the hour, and a mail to the primary address tells
//! of each one that was confirmed, because a further address is a way to reach the person elsewhere, and a
//! browser may lie open on a desk.
//!
//! Decision: sections are saved one by one, because a mistake in one of them then never keeps another
//! from being saved.

mod confirm;
mod edit;
mod forms;
mod limits;
mod mail_again;
mod model;
mod pages;
mod sections;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{get, post};
pub use limits::ProfileLimits;
#[cfg(test)]
pub(crate) use pages::samples::samples;

use crate::connectors::ConnectorRegistry;
use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::pictures::Pictures;
use crate::platform::rng::SharedRng;
use crate::platform::web;
use crate::platform::web::Web;

/// What the room needs.
#[derive(Clone, Debug, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub pictures: Pictures,
    pub limits: ProfileLimits,
    /// To say who vouches for somebody.
    pub ways: ConnectorRegistry,
}

impl Feature {
    pub fn routes(self) -> Router {
        let with_picture = DefaultBodyLimit::max(web::MAX_MULTIPART_BODY);
        let texts = sections::TEXT_SECTIONS.into_iter().map(|section| {
            let address = sections::section_row(section).address;
            (
                format!("/user/update_{address}"),
                pages::save::texts(section),
            )
        });
        let texts = texts.fold(Router::new(), |router, (path, handler)| {
            router.route(&path, handler)
        });
        Router::new()
            .merge(texts)
            .route("/user", get(pages::home))
            .route(
                "/user/update_pp",
                post(pages::save::picture).layer(with_picture),
            )
            .route("/user/update_sex", get(pages::home).post(pages::save::sex))
            .route(
                "/user/update_address",
                get(pages::home).post(pages::save::address),
            )
            .route(
                "/user/update_program",
                get(pages::home).post(pages::save::programme),
            )
            .route("/user/update_mobile", post(pages::save::numbers))
            .route("/user/update_email", post(pages::save::emails))
            .route("/user/emails", get(pages::emails))
            .route(
                "/user/emails/{id}/mail_again",
                post(pages::confirm::mail_again),
            )
            .route(
                "/user/confirm_email",
                get(pages::confirm::ask).post(pages::confirm::confirm),
            )
            .with_state(self)
    }
}
