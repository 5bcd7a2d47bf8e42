//! The connector for people who have proved their mailbox: a one-time code mailed there.

use std::time::Duration;

use super::{PROVIDER, store};
use crate::connectors::erp::ErpRollNumber;
use crate::connectors::{
    Answers, CodeCheck, CodeMailer, Connector, ConnectorError, ConnectorLabel, FirstTimeLink,
    LoginRefusal, Prompt, RequestFacts, SentCode, Step, mailed_code,
};
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db::Db;
use crate::platform::links::Links;

/// The connector.
#[derive(Debug)]
pub struct AssociationConnector {
    pub db: Db,
    pub links: Links,
    pub codes: CodeMailer,
    /// The age at which a mailbox must be proved again.
    pub max_age: Duration,
}

/// The state of a sign-in.
#[derive(Debug)]
pub enum AssociationLoginState {
    Roll,
    Code(PendingCode),
}

#[derive(Debug)]
pub struct PendingCode {
    sent_code: SentCode,
    mailbox: Option<String>,
    /// The owner's epoch when the mailbox was read.
    epoch: Option<CredentialEpoch>,
}

const NOTICE: &str = "We mail a code to the mailbox that you proved to be yours. Your password at the \
                      ERP is not needed, here or there.";
const INVALID_ROLL_NUMBER: &str = "Enter a roll number of nine characters. For example 22CS10001.";
const EXPIRED_PROOF: &str = "The code is right, but your proof is too old by now. Prove once more that the roll \
                     number is yours: begin again, and follow “First time here”.";

fn roll_prompt() -> Prompt {
    mailed_code::roll_number_prompt(NOTICE)
}

fn code_step(pending: PendingCode) -> Step<AssociationLoginState> {
    Step::Ask {
        prompt: pending.sent_code.prompt(),
        state: AssociationLoginState::Code(pending),
    }
}

impl Connector for AssociationConnector {
    const SLUG: &'static str = PROVIDER;
    const STATELESS_START: bool = true;
    /// It calls no external system.
    const HAS_CIRCUIT_BREAKER: bool = false;
    type State = AssociationLoginState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "Sign in without your ERP password",
            hint: Some("with your roll number and a mailbox"),
        }
    }

    fn source_name(&self) -> &'static str {
        ErpRollNumber::RECORDS_SOURCE
    }

    fn parse_subject(text: &str) -> Result<String, &'static str> {
        ErpRollNumber::parse_subject(text)
    }

    fn first_time_link(&self) -> Option<FirstTimeLink> {
        Some(FirstTimeLink {
            href: self.links.association(),
            words: "First time, or a new mailbox? Confirm your roll number",
        })
    }

    async fn begin(
        &self,
        _visitor: RequestFacts,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        Ok(Step::Ask {
            prompt: roll_prompt(),
            state: AssociationLoginState::Roll,
        })
    }

    async fn advance(
        &self,
        state: AssociationLoginState,
        answers: Answers,
        visitor: RequestFacts,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        match state {
            AssociationLoginState::Roll => {
                self.handle_roll_number(answers.text("roll"), visitor).await
            }
            AssociationLoginState::Code(pending) if mailed_code::wants_another(&answers) => {
                self.send_again(pending, visitor).await
            }
            AssociationLoginState::Code(pending) => {
                self.check_code(pending, answers.text("code"), visitor.now)
                    .await
            }
        }
    }
}

impl AssociationConnector {
    async fn handle_roll_number(
        &self,
        roll: &str,
        visitor: RequestFacts,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        let refused = |reason| Step::Refused {
            reason,
            retry: Some((roll_prompt(), AssociationLoginState::Roll)),
        };
        let Ok(roll) = ErpRollNumber::parse(roll) else {
            return Ok(refused(LoginRefusal(INVALID_ROLL_NUMBER.into())));
        };
        if let Err(reason) = self.codes.check_rate_limit(roll.as_str(), visitor) {
            return Ok(refused(reason));
        }
        let association = store::find_association(self.db.pool(), roll.as_str()).await?;
        let (mailbox, epoch) = association
            .map(|(association, epoch)| (association.email, epoch))
            .unzip();
        let sent_code = self
            .codes
            .send(roll.as_str(), mailbox.as_deref(), visitor.now);
        Ok(code_step(PendingCode {
            sent_code: sent_code.await?,
            mailbox,
            epoch,
        }))
    }

    async fn send_again(
        &self,
        pending: PendingCode,
        visitor: RequestFacts,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        if let Err(reason) = self
            .codes
            .check_rate_limit(pending.sent_code.account(), visitor)
        {
            let prompt = Prompt {
                error: Some(reason.0),
                ..pending.sent_code.prompt()
            };
            let state = AssociationLoginState::Code(pending);
            return Ok(Step::Ask { prompt, state });
        }
        let PendingCode {
            sent_code,
            mailbox,
            epoch,
        } = pending;
        let sent_code = self
            .codes
            .send(sent_code.account(), mailbox.as_deref(), visitor.now);
        Ok(code_step(PendingCode {
            sent_code: sent_code.await?,
            mailbox,
            epoch,
        }))
    }

    async fn check_code(
        &self,
        pending: PendingCode,
        code: &str,
        now: Timestamp,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        let PendingCode {
            sent_code,
            mailbox,
            epoch,
        } = pending;
        let roll = match self.codes.check(sent_code, code, now).await? {
            CodeCheck::Right(roll) => roll,
            CodeCheck::Wrong(sent_code) => {
                return Ok(Step::Refused {
                    reason: mailed_code::wrong_code(),
                    retry: Some((
                        sent_code.prompt(),
                        AssociationLoginState::Code(PendingCode {
                            sent_code,
                            mailbox,
                            epoch,
                        }),
                    )),
                });
            }
            CodeCheck::Exhausted => {
                return Ok(Step::Refused {
                    reason: mailed_code::too_many_wrong_codes(),
                    retry: None,
                });
            }
        };
        // Read again now, because the roll number may have moved to another mailbox since the code was
        // mailed.
        let association = store::find_association(self.db.pool(), &roll).await?;
        let current = association
            .map(|(association, _)| association)
            .filter(|association| Some(&association.email) == mailbox.as_ref());
        let is_recent =
            current.is_some_and(|association| now < association.proved_at + self.max_age);
        if !is_recent {
            return Ok(Step::Refused {
                reason: LoginRefusal(EXPIRED_PROOF.into()),
                retry: None,
            });
        }
        Ok(Step::Done(ExternalIdentity {
            provider: PROVIDER,
            subject: roll,
            claims: None,
            epoch,
        }))
    }
}
