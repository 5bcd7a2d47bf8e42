//! A way to sign in for those who proved their mailbox before: a code that is mailed there.

use std::time::Duration;

use super::{PROVIDER, store};
use crate::connectors::erp::ErpRollNumber;
use crate::connectors::{
    Answers, CodeCheck, CodeMailer, Connector, ConnectorError, ConnectorLabel, FirstTimeLink,
    LoginRefusal, Prompt, RequestOrigin, SentCode, Step, mailed_code,
};
use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::db::Db;
use crate::platform::links::Links;

/// The way to sign in.
#[derive(Debug)]
pub struct AssociationConnector {
    pub db: Db,
    pub links: Links,
    pub codes: CodeMailer,
    /// After which a mailbox has to be proved again.
    pub max_age: Duration,
}

/// Where a sign-in stands.
#[derive(Debug)]
pub enum AssociationLoginState {
    Roll,
    Code(PendingCode),
}

#[derive(Debug)]
pub struct PendingCode {
    mailed: SentCode,
    to: Option<String>,
}

const NOTICE: &str = "We mail a code to the mailbox that you proved to be yours. Your password at the \
                      ERP is not needed, here or there.";
const NO_ROLL: &str = "That is no roll number. It has nine characters, for instance 22CS10001.";
const STALE: &str = "The code is right, but your proof is too old by now. Prove once more that the roll \
                     number is yours: begin again, and follow “First time here”.";

fn first() -> Prompt {
    mailed_code::roll_number_prompt(NOTICE)
}

fn ask_for_code(sent: PendingCode) -> Step<AssociationLoginState> {
    Step::Ask {
        prompt: sent.mailed.prompt(),
        state: AssociationLoginState::Code(sent),
    }
}

impl Connector for AssociationConnector {
    const SLUG: &'static str = PROVIDER;
    const STATELESS_START: bool = true;
    /// It asks nobody but us.
    const HAS_CIRCUIT_BREAKER: bool = false;
    type State = AssociationLoginState;

    fn label(&self) -> ConnectorLabel {
        ConnectorLabel {
            text: "Prove it without your password",
            hint: Some("with your roll number and a mailbox"),
        }
    }

    fn source_name(&self) -> &'static str {
        ErpRollNumber::RECORDS
    }

    fn first_time_link(&self) -> Option<FirstTimeLink> {
        Some(FirstTimeLink {
            href: self.links.association(),
            words: "First time here, or a new mailbox? Prove that the roll number is yours",
        })
    }

    async fn begin(
        &self,
        _visitor: RequestOrigin,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        Ok(Step::Ask {
            prompt: first(),
            state: AssociationLoginState::Roll,
        })
    }

    async fn advance(
        &self,
        state: AssociationLoginState,
        answers: Answers,
        visitor: RequestOrigin,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        match state {
            AssociationLoginState::Roll => self.ask(answers.text("roll"), visitor).await,
            AssociationLoginState::Code(sent) if mailed_code::wants_another(&answers) => {
                self.send_again(sent, visitor).await
            }
            AssociationLoginState::Code(sent) => {
                self.judge(sent, answers.text("code"), visitor.now).await
            }
        }
    }
}

impl AssociationConnector {
    async fn ask(
        &self,
        roll: &str,
        visitor: RequestOrigin,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        let refused = |why| Step::Refused {
            why,
            again: Some((first(), AssociationLoginState::Roll)),
        };
        let Ok(roll) = ErpRollNumber::parse(roll) else {
            return Ok(refused(LoginRefusal(NO_ROLL.into())));
        };
        if let Err(why) = self.codes.check_rate_limit(roll.as_str(), visitor) {
            return Ok(refused(why));
        }
        let association = store::find_association(self.db.pool(), roll.as_str()).await?;
        let to = association.map(|association| association.email);
        let mailed = self.codes.send(roll.as_str(), to.as_deref(), visitor.now);
        Ok(ask_for_code(PendingCode {
            mailed: mailed.await?,
            to,
        }))
    }

    async fn send_again(
        &self,
        sent: PendingCode,
        visitor: RequestOrigin,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        if let Err(why) = self.codes.check_rate_limit(sent.mailed.account(), visitor) {
            let prompt = Prompt {
                error: Some(why.0),
                ..sent.mailed.prompt()
            };
            let state = AssociationLoginState::Code(sent);
            return Ok(Step::Ask { prompt, state });
        }
        let PendingCode { mailed, to } = sent;
        let mailed = self
            .codes
            .send(mailed.account(), to.as_deref(), visitor.now);
        Ok(ask_for_code(PendingCode {
            mailed: mailed.await?,
            to,
        }))
    }

    async fn judge(
        &self,
        sent: PendingCode,
        code: &str,
        now: Timestamp,
    ) -> Result<Step<AssociationLoginState>, ConnectorError> {
        let PendingCode { mailed, to } = sent;
        let roll = match self.codes.check(mailed, code, now).await? {
            CodeCheck::Right(roll) => roll,
            CodeCheck::Wrong(mailed) => {
                return Ok(Step::Refused {
                    why: mailed_code::wrong_code(),
                    again: Some((
                        mailed.prompt(),
                        AssociationLoginState::Code(PendingCode { mailed, to }),
                    )),
                });
            }
            CodeCheck::Exhausted => {
                return Ok(Step::Refused {
                    why: mailed_code::too_many_wrong_codes(),
                    again: None,
                });
            }
        };
        // Looked at now: it may have moved to another mailbox since the code was mailed.
        let association = store::find_association(self.db.pool(), &roll).await?;
        let still = association.filter(|it| Some(&it.email) == to.as_ref());
        let is_fresh = still.is_some_and(|it| now < it.proved_at + self.max_age);
        if !is_fresh {
            return Ok(Step::Refused {
                why: LoginRefusal(STALE.into()),
                again: None,
            });
        }
        Ok(Step::Done(ExternalIdentity {
            provider: PROVIDER,
            subject: roll,
            says: None,
        }))
    }
}
