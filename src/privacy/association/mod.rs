//! Associations of a roll number with a mailbox, proved without a password. The person puts a text, the
//! verifier, into one of their security questions at the campus portal, where it is publicly readable,
//! and follows a link that is mailed to the mailbox. No password, answer or code of the portal is asked
//! for.
//!
//! It serves people who do not want to type the portal's password elsewhere, and apps that may look up
//! the roll number of a mailbox or the reverse.
//!
//! ```text
//! start ─roll, mailbox─▶ instructions ─"check now"─▶ mailed ─the link's page, its button─▶ done ─▶ signed in
//!                           │   ▲ not found: again      │  ▲ again, a few times
//!                           └───┘                       └──┘
//! ```
//!
//! The states of a proof are drawn in `rules`.
//!
//! Decision: the verifier is public once it is in a question, so knowing it proves nothing. A proof
//! requires that the server saw it there at the request of the browser that began. That browser is
//! recognised by a cookie of 256 random bits, stored as a hash; no other browser may check or continue.
//!
//! Decision: the mailed link shows a page, and only its button confirms, because mail scanners follow
//! every link, instead of confirming by the link itself. The button works in any browser; the sign-in
//! continues in the one that began.
//!
//! Decision: proof, identity and association are written in one transaction under a lock per roll
//! number, and other proofs for it are cancelled then. The database allows one mailbox per roll number
//! and one roll number per mailbox. A new proof moves the roll number to the new mailbox, and the old
//! mailbox gets a notice.
//!
//! Decision: a proof keeps the credential epoch under which it began, and is over after a credential event of its
//! person, because a proof begun in a stolen session would otherwise be a permanent way in. Its completion is such an
//! event itself, also if the roll number only moves to another mailbox, because codes are mailed there from then on.
//!
//! Decision: an association is a linked identity (provider `association`, the roll number is the
//! subject) and ends with it, because so all linked identities are in one list and are removed in one
//! place, instead of a second list.
//!
//! Decision: afterwards a code mailed to the mailbox signs in, until the proof is too old.
//!
//! Decision: apps look up only people who allow it, with a look-up token, and every result is in the
//! person's access log. A person who does not allow it cannot be distinguished from one who does not
//! exist.

mod api;
mod begin;
mod check;
mod confirm;
mod connector;
mod look_up;
mod model;
mod pages;
mod rate_limits;
mod rules;
mod store;
mod sweep;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
pub use connector::AssociationConnector;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use rate_limits::AssociationLimits;
pub use sweep::sweep;

use crate::connectors::erp::ErpQuestions;
use crate::platform::clock::SharedClock;
use crate::platform::db::Db;
use crate::platform::rng::SharedRng;
use crate::platform::web::Web;
use crate::protocol::access_log::AccessLog;

/// The provider of these identities.
const PROVIDER: &str = "association";

/// What the area's handlers need.
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

/// The campus portal whose security questions are read.
#[derive(Debug, Clone)]
pub struct ErpPortal {
    pub questions: ErpQuestions,
    /// The portal's page, where people change their questions.
    pub page: String,
}

impl Feature {
    pub fn routes(self) -> Router {
        Router::new()
            .route("/association", get(pages::show_current_screen))
            .route(
                "/association/begin",
                get(pages::redirect_to_start).post(pages::begin),
            )
            .route(
                "/association/check",
                get(pages::redirect_to_start).post(pages::check),
            )
            .route(
                "/association/mail",
                get(pages::redirect_to_start).post(pages::mail_again),
            )
            .route("/association/cancel", post(pages::cancel))
            .route("/association/enter", post(pages::enter))
            .route("/association/look-ups", post(pages::save_look_ups))
            .route(
                "/association/confirm",
                get(pages::ask_confirm).post(pages::confirm),
            )
            .route("/association/{kind}/{value}", get(api::look_up))
            .route("/get/{kind}/{value}", get(api::look_up_legacy))
            .with_state(self)
    }
}
