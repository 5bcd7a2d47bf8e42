//! The profile page: what campus systems provide about the person, and forms for what the person enters.
//!
//! ```text
//! a section ─save─▶ every value is valid ─▶ saved, back to the page
//!                   an invalid value ─▶ the page again: nothing is saved, the input stays
//!
//! an address added ─▶ unverified ──mail──▶ link (30 minutes) ─▶ page ─button─▶ verified
//!                         ▲──────── mailed again, rate limited ─┘
//! ```
//!
//! Decision: a mailed link opens a page for the person whose profile has the address, and only its button
//! confirms, because mail scanners follow links, and because no other person may decide that an address
//! belongs to this profile.
//!
//! Decision: changing addresses needs a sign-in within the last hour, and the primary address is told of
//! each confirmed address, because a secondary address receives mail for the person, and a browser may be
//! left open.
//!
//! Decision: sections are saved one by one, because an error in one section then does not prevent saving
//! another.

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

/// Dependencies of the room.
#[derive(Clone, Debug, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub pictures: Pictures,
    pub limits: ProfileLimits,
    /// For the name of the campus system that created the person.
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
