//! What is told when something is not done, and what to do.

use http::StatusCode;

use super::super::Feature;
use super::super::flow::{PollResult, ProofDelay};
use super::super::model::{AssociationError, MailboxProof};
use crate::connectors::ConnectorError;
use crate::people::records::PeopleError;
use crate::platform::web::{FlashKind, FlashMessage, PageError, RateLimited};

impl Feature {
    /// Why there was no answer, and that nothing is lost.
    pub(super) fn told_trouble(
        &self,
        error: ConnectorError,
        proof: &MailboxProof,
    ) -> Result<FlashMessage, PageError> {
        let until = self.web.said(proof.expires_at, self.clock.now());
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

    /// The page of an error; `link` leads back to the form that was sent.
    pub(super) fn problem(&self, error: AssociationError, link: Option<&str>) -> PageError {
        let back = |problem: PageError| match link {
            Some(link) => problem.back(self.web.links().confirm_association(link), "Back"),
            None => problem.back(self.web.links().association(), "Back"),
        };
        let refused = |text: &str| PageError::new(StatusCode::CONFLICT, "Could not confirm", text);
        match error {
            AssociationError::Over => over(),
            AssociationError::MailboxTaken => back(refused(
                "This mailbox already belongs to another roll number. Nothing was changed.",
            ))
            .advise("Start again with another mailbox, or first remove the other roll number under Sign-in methods."),
            AssociationError::People(PeopleError::UsernameTaken) => back(refused(
                "An account with this roll number already exists and uses another sign-in method.",
            ))
            .advise("If this is your account, sign in to it and confirm your roll number under Sign-in methods."),
            AssociationError::People(PeopleError::IdentityTaken) => back(refused(
                "This roll number already belongs to another account.",
            ))
            .advise("First sign in to that account and remove it there."),
            AssociationError::People(PeopleError::Nobody) => back(refused(
                "The account of this roll number cannot be used. Contact the people who run this service.",
            )),
            AssociationError::People(error) => error.into(),
            AssociationError::Upstream(error) => PageError::broken(error),
            AssociationError::Store(error) => error.into(),
        }
    }
}

pub(super) fn over() -> PageError {
    PageError::new(
        StatusCode::GONE,
        "This link no longer works",
        "It was already used, replaced by a newer link, or is older than 30 minutes. Nothing was changed.",
    )
    .advise("Open the newest mail, or start again in the browser where you started.")
}

pub(super) fn warning(text: impl Into<String>) -> FlashMessage {
    FlashMessage {
        kind: FlashKind::Warning,
        text: text.into(),
    }
}

pub(super) fn told_not_now(not_now: ProofDelay) -> FlashMessage {
    match not_now {
        ProofDelay::Over => warning(
            "This has expired: it took longer than 30 minutes, or was started in another browser. Start again.",
        ),
        ProofDelay::Wait(left) => warning(format!(
            "Wait {}, then try again.",
            RateLimited(left).in_words()
        )),
        ProofDelay::Spent => warning("Too many checks. Start again to get a new text."),
        ProofDelay::Tomorrow => {
            warning("This roll number was checked too often today. Try again tomorrow.")
        }
    }
}

pub(super) fn told_not_there(found: PollResult, proof: &MailboxProof) -> FlashMessage {
    let roll = &proof.claim.roll;
    match found {
        PollResult::Unknown => warning(format!(
            "The ERP does not know the roll number {roll}. Check the roll number, and start again if it is wrong."
        )),
        PollResult::Inconsistent => {
            warning("The ERP gave different answers for this roll number. Try again in a minute.")
        }
        PollResult::There | PollResult::NotThere { calls: 0 } => {
            warning("The security questions could not be read. Try again in a minute.")
        }
        PollResult::NotThere { calls } => {
            let looked = if calls == 1 {
                "once".to_owned()
            } else {
                format!("{calls} times")
            };
            warning(format!(
                "The text is not in any of your three questions (checked {looked}). Save the question at the ERP, wait a minute, then check again."
            ))
        }
    }
}
