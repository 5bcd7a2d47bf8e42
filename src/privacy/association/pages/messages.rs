//! Messages and error pages: what happened and what to do.

use http::StatusCode;

use super::super::Feature;
use super::super::model::{AssociationError, MailboxProof};
use super::super::rules::{PollResult, ProofDelay};
use crate::connectors::ConnectorError;
use crate::people::records::PeopleError;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::{FlashKind, FlashMessage, PageError};

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
                "Many people are checking at the moment. Try again in {}. Your text is valid until {until}.",
                RateLimited(after).in_words()
            )),
            error => {
                tracing::warn!(%error, "security questions cannot be looked at");
                warning(format!(
                    "The ERP is not answering. Try again in a minute. Your text is valid until {until}."
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
        let refused = |text: &str| PageError::new(StatusCode::CONFLICT, "Could not confirm", text);
        match error {
            AssociationError::Over | AssociationError::People(PeopleError::Superseded) => link_expired(),
            AssociationError::MailboxTaken => with_back(refused(
                "This mailbox already belongs to another roll number. Nothing was changed.",
            ))
            .with_advice("Start again with another mailbox, or first remove the other roll number under Sign-in methods."),
            AssociationError::People(PeopleError::UsernameTaken) => with_back(refused(
                "An account with this roll number already exists and uses another sign-in method.",
            ))
            .with_advice("If this is your account, sign in to it and confirm your roll number under Sign-in methods."),
            AssociationError::People(PeopleError::IdentityTaken) => with_back(refused(
                "This roll number already belongs to another account.",
            ))
            .with_advice("First sign in to that account and remove it there."),
            AssociationError::People(PeopleError::UnknownPerson) => with_back(refused(
                "The account of this roll number cannot be used. Contact the people who run this service.",
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
        "This link no longer works",
        "It was already used, was replaced by a newer link, is older than 30 minutes, or was sent before a change of the account's password, sign-in methods or sessions. Nothing was saved.",
    )
    .with_advice("Open the newest mail, or start again in the browser where you started.")
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
            "This has expired: it took longer than 30 minutes, or was started in another browser. Start again.",
        ),
        ProofDelay::Wait(remaining) => warning(format!(
            "Wait {}, then try again.",
            RateLimited(remaining).in_words()
        )),
        ProofDelay::LimitReached => warning("Too many checks. Start again to get a new text."),
        ProofDelay::DailyLimitReached => {
            warning("This roll number was checked too often today. Try again tomorrow.")
        }
    }
}

pub(super) fn not_found_message(result: PollResult, proof: &MailboxProof) -> FlashMessage {
    let roll = &proof.claim.roll;
    match result {
        PollResult::UnknownRollNumber => warning(format!(
            "The ERP does not know the roll number {roll}. Check the roll number, and start again if it is wrong."
        )),
        PollResult::Inconsistent => {
            warning("The ERP gave different answers for this roll number. Try again in a minute.")
        }
        PollResult::Found | PollResult::NotFound { calls: 0 } => {
            warning("The security questions could not be read. Try again in a minute.")
        }
        PollResult::NotFound { calls } => {
            let times = if calls == 1 {
                "once".to_owned()
            } else {
                format!("{calls} times")
            };
            warning(format!(
                "The text is not in any of your three questions (checked {times}). Save the question at the ERP, wait a minute, then check again."
            ))
        }
    }
}
