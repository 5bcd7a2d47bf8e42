//! Messages and error pages: what happened and what to do.

use http::StatusCode;

use super::super::Feature;
use super::super::model::{AssociationError, MailboxProof};
use super::super::rules::{PollResult, ProofDelay};
use crate::connectors::ConnectorError;
use crate::people::records::PeopleError;
use crate::platform::web::{FlashKind, FlashMessage, PageError, RateLimited};

impl Feature {
    /// The message when ERP gave no result. The proof is unchanged.
    pub(super) fn connector_error_message(
        &self,
        error: ConnectorError,
        proof: &MailboxProof,
    ) -> Result<FlashMessage, PageError> {
        let until = self.web.format_relative(proof.expires_at, self.clock.now());
        let until = until.trim_start_matches("today at ");
        Ok(match error {
            ConnectorError::Store(error) => return Err(error.into()),
            ConnectorError::Busy(after) => warning(format!(
                "Many people are checking at this moment. Try again in {}: your text stays good until {until}.",
                RateLimited(after).in_words()
            )),
            error => {
                tracing::warn!(%error, "security questions cannot be looked at");
                warning(format!(
                    "The ERP is not answering. Your text stays good until {until}: try again in a minute."
                ))
            }
        })
    }

    /// The error's page; `link` leads back to the submitted form.
    pub(super) fn page_error(&self, error: AssociationError, link: Option<&str>) -> PageError {
        let with_back = |problem: PageError| match link {
            Some(link) => {
                problem.with_back_link(self.web.links().confirm_association(link), "Back")
            }
            None => problem.with_back_link(self.web.links().association(), "Back"),
        };
        let refused =
            |text: &str| PageError::new(StatusCode::CONFLICT, "It could not be confirmed", text);
        match error {
            AssociationError::Over => link_expired(),
            AssociationError::MailboxTaken => with_back(refused(
                "This mailbox belongs to another roll number already. Nothing was changed.",
            ))
            .with_advice("Begin again with another mailbox, or remove the other roll number under “Ways to sign in” first."),
            AssociationError::People(PeopleError::UsernameTaken) => with_back(refused(
                "Somebody here is called by this roll number already, and signs in another way.",
            ))
            .with_advice("If that is you, sign in as before, open “Ways to sign in” on your profile and prove your roll number from there."),
            AssociationError::People(PeopleError::IdentityTaken) => with_back(refused(
                "This roll number signs in to another account here already.",
            ))
            .with_advice("Sign in with it, and remove it there first."),
            AssociationError::People(PeopleError::Nobody) => with_back(refused(
                "The account of this roll number cannot be used. Ask the people who run this service.",
            )),
            AssociationError::People(error) => error.into(),
            AssociationError::Upstream(error) => PageError::internal(error),
            AssociationError::Store(error) => error.into(),
        }
    }
}

pub(super) fn link_expired() -> PageError {
    PageError::new(
        StatusCode::GONE,
        "This link is no longer good",
        "It was used already, a newer one was mailed, or it is older than half an hour. Nothing was changed.",
    )
    .with_advice("Open the newest mail, or begin again in the browser where you began.")
}

pub(super) fn warning(text: impl Into<String>) -> FlashMessage {
    FlashMessage {
        kind: FlashKind::Warning,
        text: text.into(),
    }
}

pub(super) fn delay_message(delay: ProofDelay) -> FlashMessage {
    match delay {
        ProofDelay::Over => warning(
            "That is over: it took longer than half an hour, or was begun in another browser. Begin again.",
        ),
        ProofDelay::Wait(remaining) => warning(format!(
            "Wait {}, then try again.",
            RateLimited(remaining).in_words()
        )),
        ProofDelay::LimitReached => {
            warning("That was tried as often as it can be. Begin again for a new text.")
        }
        ProofDelay::DailyLimitReached => {
            warning("This roll number was checked too often today. Try again tomorrow.")
        }
    }
}

pub(super) fn not_found_message(result: PollResult, proof: &MailboxProof) -> FlashMessage {
    let roll = &proof.claim.roll;
    match result {
        PollResult::UnknownRollNumber => warning(format!(
            "The ERP does not know the roll number {roll}. Look whether it is right; if not, begin again."
        )),
        PollResult::Inconsistent => {
            warning("The ERP said different things about this roll number. Try again in a minute.")
        }
        PollResult::Found | PollResult::NotFound { calls: 0 } => {
            warning("The questions could not be read. Try again in a minute.")
        }
        PollResult::NotFound { calls } => {
            let times = if calls == 1 {
                "once".to_owned()
            } else {
                format!("{calls} times")
            };
            warning(format!(
                "The text is not in any of your three questions: we looked {times}. The ERP may need a minute. Save the question there first, then check again."
            ))
        }
    }
}
