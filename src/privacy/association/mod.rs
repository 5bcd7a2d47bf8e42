//! Which mailbox belongs to which roll number, proved without a password: the person puts a text into one
//! of their security questions at the campus portal, where anybody can read it, and follows a link that
//! is mailed to the mailbox. No password, answer or code of the portal is ever asked for.
//!
//! Whom it serves: people who sign in without handing the portal's password to anybody, and apps that
//! were allowed to look up who belongs to a mailbox.
//!
//! ```text
//! start ─roll, mailbox─▶ instructions ─"check now"─▶ mailed ─the link's page, its button─▶ done ─▶ signed in
//!                           │   ▲ not found: again      │  ▲ again, a few times
//!                           └───┘                       └──┘
//! ```
//!
//! Decision: the text is public as soon as it stands in a question, so it proves nothing to whoever
//! shows it. What counts is that it was seen there while the browser that began was asking: a cookie of
//! 256 bits, kept as a hash, and no other browser may check or go on.
//!
//! Decision: the mailed link shows a page, and only its button confirms, because machines that look for
//! harm in mails follow every link. It may be pressed in any browser; the sign-in goes on in the one
//! that began.
//!
//! Decision: both halves, the identity and the association are written in one transaction, one proof for
//! a roll number at a time; the others that are under way for it are given up then. The database holds
//! one mailbox per roll number and one roll number per mailbox. Proving it again moves the roll number to
//! the new mailbox, and the old one is told.
//!
//! Decision: an association is a way to sign in (the identity of provider `association`, the roll number
//! its subject) and ends with it, because so there is one list of ways in, and one place to end them.
//!
//! Decision: afterwards a code that is mailed to the mailbox signs in, until the proof is too old.
//!
//! Decision: apps look up only who said that they may, with a token of their own, and every answer is in
//! the person's access log. Who said nothing is as unknown as who is not there.

mod api;
mod begin;
mod check;
mod confirm;
mod flow;
mod limits;
mod look_up;
mod model;
mod pages;
mod sign_in;
mod store;
mod sweep;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
pub use limits::AssociationLimits;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use sign_in::AssociationConnector;
pub use sweep::sweep;

use crate::connectors::erp::ErpQuestions;
use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;
use crate::protocol::access_log::AccessLog;

/// What identities proved here are called.
const PROVIDER: &str = "association";

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub access_log: AccessLog,
    pub portal: ErpPortal,
    pub limits: AssociationLimits,
}

/// The campus portal whose security questions are looked at.
#[derive(Debug, Clone)]
pub struct ErpPortal {
    pub questions: ErpQuestions,
    /// Where people change theirs.
    pub page: String,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/association", get(pages::here))
            .route(
                "/association/begin",
                get(pages::send_here).post(pages::begin),
            )
            .route(
                "/association/check",
                get(pages::send_here).post(pages::check),
            )
            .route(
                "/association/mail",
                get(pages::send_here).post(pages::mail_again),
            )
            .route("/association/cancel", post(pages::cancel))
            .route("/association/enter", post(pages::enter))
            .route("/association/look-ups", post(pages::save_look_ups))
            .route(
                "/association/confirm",
                get(pages::ask_confirm).post(pages::confirm),
            )
            .route("/association/{kind}/{value}", get(api::look_up))
            .route("/get/{kind}/{value}", get(api::look_up_as_before))
            .with_state(self)
    }
}
