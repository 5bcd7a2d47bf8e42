//! The state machine of a sign-in through ERP. It is pure: it takes what the person typed and what ERP
//! replied, and returns the next request or prompt. The prompts are made in [`super::form`].
//!
//! ```text
//! Roll ──number──▶ Credentials ──password, answer──▶ Code ──one-time code──▶ Done
//!   │ unknown          │ refused, another question    │ refused, send again   │ another session is open
//!   ▼                  ▼                              ▼                       ▼
//! Roll             Credentials                      Code        Conflict ──end it──▶ Credentials
//! ```
//!
//! Only the first form sets the roll number; later forms cannot change it. One sign-in is limited to 5
//! questions, 3 wrong passwords or answers, 3 codes and 3 wrong codes; it ends after 5 minutes without a
//! form and after 10 minutes in all.

use std::borrow::Cow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::form::{
    ANOTHER_QUESTION, ANSWER, BACK, CODE, ErpForms, KEEP_OTHER_SESSION, PASSWORD, ROLL, SEND_AGAIN,
    set_error,
};
use super::reply::{SendCodeReply, SignInReply, UnknownReply};
use super::roll_number::ErpRollNumber;
use crate::connectors::{Answers, LoginRefusal, Prompt};
use crate::platform::clock::Timestamp;
use crate::platform::rate_limits::RateLimited;

const MAX_QUESTIONS: u32 = 5;
const MAX_CREDENTIAL_ATTEMPTS: u32 = 3;
const MAX_CODES: u32 = 3;
const MAX_CODE_ATTEMPTS: u32 = 3;
/// Requests to ERP. The other counts do not include requests that ERP itself fails, such as a code it
/// cannot send.
const MAX_CALLS: u32 = 20;
const MAX_DURATION: Duration = Duration::from_mins(10);
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
/// The shortest time between two codes.
const CODE_INTERVAL: Duration = super::rate_limits::CODE_INTERVAL;

const UNREADABLE_QUESTION: &str = "ERP asks a security question for this roll number that we cannot read. \
                            Begin again, and it may ask another of the three. If it does not, change \
                            that question in ERP, or sign in another way.";
const UNKNOWN_REPLY_FOR_ACCOUNT: &str = "ERP answered about this roll number in words that we do not know, so you are \
                           not signed in. Sign in to ERP itself to see whether it wants something of \
                           you first, or sign in here another way.";

/// A request to ERP.
pub(super) enum ErpCall {
    /// Open an ERP session for this sign-in.
    OpenSession,
    FetchQuestion,
    SendCode,
    SignIn(Zeroizing<String>),
    /// End the person's other sessions, which they have confirmed.
    EndOtherSessions,
}

/// ERP's reply to a request.
pub(super) enum ErpEvent {
    SessionOpened,
    /// `None` for a roll number that ERP does not have.
    QuestionFetched(Option<String>),
    CodeReply(SendCodeReply),
    SignInReply(SignInReply),
    OtherSessionsEnded,
    /// ERP gave no answer.
    NoAnswer,
    /// A reply that no user's data can cause: ERP has changed.
    ProtocolMismatch(UnknownReply),
    /// An unknown reply that this person's data caused.
    UnexpectedUserData(UnknownReply),
    /// The ERP session has expired.
    SessionExpired,
}

/// What follows.
pub(super) enum ErpTransition {
    Call(ErpCall),
    Ask(Box<Prompt>),
    /// A refusal, with a form if the person may try again.
    Refuse(LoginRefusal, Option<Box<Prompt>>),
    Done,
    Unavailable,
    ProtocolMismatch(&'static str),
    UnexpectedUserData {
        reason: &'static str,
        message: &'static str,
    },
    Expired,
}

/// Password and answer, kept as long as ERP requires them again.
struct ErpSecrets {
    password: Zeroizing<String>,
    answer: Zeroizing<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ErpStage {
    Roll,
    Credentials,
    Code,
    Conflict,
}

#[derive(Default)]
struct AttemptCounts {
    questions: u32,
    credential_attempts: u32,
    codes: u32,
    code_attempts: u32,
    restarts: u32,
    calls: u32,
}

/// The state of one sign-in. It holds a password between two forms; it has no `Debug` implementation,
/// and the password is wiped when it is dropped.
pub(super) struct ErpMachine {
    stage: ErpStage,
    roll: Option<ErpRollNumber>,
    /// The last question that ERP gave; `None` while a new one is being fetched.
    question: Option<String>,
    secrets: Option<ErpSecrets>,
    counts: AttemptCounts,
    code_sent_at: Option<Timestamp>,
    started_at: Timestamp,
    last_activity_at: Timestamp,
    /// Forget the password once the code is sent, and ask for it again beside the code.
    asks_credentials_again: bool,
}

impl ErpMachine {
    pub(super) fn new(asks_credentials_again: bool, now: Timestamp) -> Self {
        Self {
            stage: ErpStage::Roll,
            roll: None,
            question: None,
            secrets: None,
            counts: AttemptCounts::default(),
            code_sent_at: None,
            started_at: now,
            last_activity_at: now,
            asks_credentials_again,
        }
    }

    /// The roll number, once it was given.
    pub(super) fn roll(&self) -> Option<&ErpRollNumber> {
        self.roll.as_ref()
    }

    /// Password and answer.
    pub(super) fn secrets(&self) -> Option<(&str, &str)> {
        let secrets = self.secrets.as_ref()?;
        Some((&secrets.password, &secrets.answer))
    }

    pub(super) fn first_prompt(&self) -> Prompt {
        self.forms().roll_prompt()
    }

    /// Handles a submitted form.
    pub(super) fn handle_answers(&mut self, answers: &Answers, now: Timestamp) -> ErpTransition {
        if now - self.last_activity_at > IDLE_TIMEOUT || now - self.started_at > MAX_DURATION {
            return ErpTransition::Expired;
        }
        self.last_activity_at = now;
        match (self.stage, answers.alternatives()) {
            (ErpStage::Roll, _) => self.handle_roll_number(answers),
            (ErpStage::Credentials, Some(ANOTHER_QUESTION)) => self.fetch_another_question(),
            (ErpStage::Credentials, _) => self.handle_credentials(answers),
            (ErpStage::Code, Some(SEND_AGAIN)) => self.resend_code(now),
            (ErpStage::Code, Some(BACK)) => {
                self.return_to_credentials();
                ask(self.forms().credentials_prompt())
            }
            (ErpStage::Code, _) => self.handle_code(answers),
            (ErpStage::Conflict, Some(KEEP_OTHER_SESSION)) => refuse_for_good(
                "You are not signed in, because your other ERP session is still open. Sign out of ERP there, then start again.",
            ),
            (ErpStage::Conflict, _) => self.call(ErpCall::EndOtherSessions),
        }
    }

    fn handle_roll_number(&mut self, answers: &Answers) -> ErpTransition {
        let Ok(roll) = ErpRollNumber::parse(answers.text(ROLL)) else {
            let mut prompt = self.forms().roll_prompt();
            set_error(
                &mut prompt,
                ROLL,
                "Enter your roll number, for example 21CS10001.",
            );
            return ask(prompt);
        };
        self.roll = Some(roll);
        self.call(ErpCall::OpenSession)
    }

    fn fetch_another_question(&mut self) -> ErpTransition {
        self.question = None;
        self.fetch_question()
    }

    fn fetch_question(&mut self) -> ErpTransition {
        if self.counts.questions >= MAX_QUESTIONS {
            return self.refuse_rate_limited(MAX_DURATION);
        }
        self.counts.questions += 1;
        self.call(ErpCall::FetchQuestion)
    }

    fn handle_credentials(&mut self, answers: &Answers) -> ErpTransition {
        let secret = |name| Zeroizing::new(answers.text(name).to_owned());
        let secrets = ErpSecrets {
            password: secret(PASSWORD),
            answer: secret(ANSWER),
        };
        if secrets.answer.trim().is_empty() {
            let mut prompt = self.forms().credentials_prompt();
            set_error(&mut prompt, ANSWER, "Answer the security question.");
            return ask(prompt);
        }
        self.secrets = Some(secrets);
        self.request_code()
    }

    fn resend_code(&mut self, now: Timestamp) -> ErpTransition {
        let earliest = self.code_sent_at.map_or(now, |sent| sent + CODE_INTERVAL);
        if now < earliest {
            let wait = RateLimited((earliest - now).unsigned_abs()).in_words();
            let message =
                format!("We sent you a code. If it does not arrive in {wait}, request another.");
            return ask(Prompt {
                error: Some(message.into()),
                ..self.forms().code_prompt()
            });
        }
        self.request_code()
    }

    fn request_code(&mut self) -> ErpTransition {
        if self.counts.codes >= MAX_CODES {
            return self.refuse_rate_limited(MAX_DURATION);
        }
        self.call(ErpCall::SendCode)
    }

    fn handle_code(&mut self, answers: &Answers) -> ErpTransition {
        let typed = answers.text(CODE);
        let mut code = Zeroizing::new(String::with_capacity(typed.len()));
        code.extend(typed.chars().filter(|character| !character.is_whitespace()));
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            let mut prompt = self.forms().code_prompt();
            set_error(&mut prompt, CODE, "Enter the six digits of the code.");
            return ask(prompt);
        }
        if self.asks_credentials_again {
            let secret = |name| Zeroizing::new(answers.text(name).to_owned());
            self.secrets = Some(ErpSecrets {
                password: secret(PASSWORD),
                answer: secret(ANSWER),
            });
        }
        self.call(ErpCall::SignIn(code))
    }

    fn call(&mut self, call: ErpCall) -> ErpTransition {
        self.counts.calls += 1;
        if self.counts.calls > MAX_CALLS {
            return self.refuse_rate_limited(MAX_DURATION);
        }
        ErpTransition::Call(call)
    }

    /// Handles ERP's reply to a request.
    pub(super) fn handle_event(&mut self, event: ErpEvent, now: Timestamp) -> ErpTransition {
        match event {
            ErpEvent::SessionOpened => self.fetch_question(),
            ErpEvent::QuestionFetched(None) => {
                self.stage = ErpStage::Roll;
                self.roll = None;
                refuse(
                    "ERP does not know this roll number.",
                    self.forms().roll_prompt(),
                )
            }
            ErpEvent::QuestionFetched(Some(question)) => {
                self.question = Some(question);
                self.stage = ErpStage::Credentials;
                ask(self.forms().credentials_prompt())
            }
            ErpEvent::CodeReply(reply) => self.handle_code_reply(reply, now),
            ErpEvent::SignInReply(reply) => self.handle_sign_in_reply(&reply),
            ErpEvent::OtherSessionsEnded => {
                self.counts.restarts += 1;
                self.call(ErpCall::OpenSession)
            }
            ErpEvent::NoAnswer => self.handle_no_answer(),
            ErpEvent::ProtocolMismatch(UnknownReply(what)) => ErpTransition::ProtocolMismatch(what),
            ErpEvent::UnexpectedUserData(UnknownReply(reason)) => {
                ErpTransition::UnexpectedUserData {
                    reason,
                    message: match self.stage {
                        ErpStage::Code => UNKNOWN_REPLY_FOR_ACCOUNT,
                        _ if self.secrets.is_some() => UNKNOWN_REPLY_FOR_ACCOUNT,
                        _ => UNREADABLE_QUESTION,
                    },
                }
            }
            ErpEvent::SessionExpired => ErpTransition::Expired,
        }
    }

    fn handle_code_reply(&mut self, reply: SendCodeReply, now: Timestamp) -> ErpTransition {
        match reply {
            SendCodeReply::Sent => {
                self.counts.codes += 1;
                self.code_sent_at = Some(now);
                self.stage = ErpStage::Code;
                if self.asks_credentials_again {
                    self.secrets = None;
                }
                ask(self.forms().code_prompt())
            }
            SendCodeReply::WrongAnswer => self.reject_credentials("The answer was not accepted."),
            SendCodeReply::WrongPassword => {
                self.reject_credentials("The ERP password was not accepted.")
            }
            SendCodeReply::AnswerMissing => {
                self.return_to_credentials();
                let mut prompt = self.forms().credentials_prompt();
                set_error(&mut prompt, ANSWER, "Answer the security question.");
                ask(prompt)
            }
            SendCodeReply::NotSent => {
                self.return_to_credentials();
                self.ask_credentials_again("ERP could not send the code. Try again later.")
            }
        }
    }

    fn handle_sign_in_reply(&mut self, reply: &SignInReply) -> ErpTransition {
        match reply {
            SignInReply::Token(_) => {
                self.secrets = None;
                ErpTransition::Done
            }
            SignInReply::WrongCode => {
                self.counts.code_attempts += 1;
                if self.counts.code_attempts >= MAX_CODE_ATTEMPTS {
                    return refuse_for_good(
                        "Three codes were not accepted. Start again to get a new code.",
                    );
                }
                if self.asks_credentials_again {
                    self.secrets = None;
                }
                refuse("That code was not accepted.", self.forms().code_prompt())
            }
            SignInReply::Rejected => self.reject_credentials(
                "ERP did not accept the sign-in. Check your password and answer.",
            ),
            SignInReply::OtherSessionActive => {
                self.secrets = None;
                if self.counts.restarts > 0 {
                    return refuse_for_good(
                        "Another ERP session of yours is still open. Sign out of ERP there, then start again.",
                    );
                }
                self.stage = ErpStage::Conflict;
                ask(self.forms().conflict_prompt())
            }
        }
    }

    /// Before the password is sent, a failed request can be repeated. Afterwards its effect at ERP is
    /// unknown, so the sign-in ends.
    fn handle_no_answer(&mut self) -> ErpTransition {
        if self.secrets.is_some() || matches!(self.stage, ErpStage::Code | ErpStage::Conflict) {
            return ErpTransition::Unavailable;
        }
        self.stage = ErpStage::Roll;
        let message = "ERP is not answering. Nothing you typed was stored. Try again in a moment.";
        ask(Prompt {
            error: Some(message.into()),
            ..self.forms().roll_prompt()
        })
    }

    /// ERP refused password or answer.
    fn reject_credentials(&mut self, reason: &'static str) -> ErpTransition {
        self.return_to_credentials();
        self.counts.credential_attempts += 1;
        if self.counts.credential_attempts >= MAX_CREDENTIAL_ATTEMPTS {
            return refuse_for_good(
                "Three attempts were not accepted. Check your password and answer, then start again.",
            );
        }
        refuse(reason, self.forms().credentials_prompt())
    }

    fn return_to_credentials(&mut self) {
        self.secrets = None;
        self.stage = ErpStage::Credentials;
    }

    /// A rate limit beyond this sign-in is reached.
    pub(super) fn refuse_rate_limited(&mut self, wait: Duration) -> ErpTransition {
        self.secrets = None;
        let wait = RateLimited(wait).in_words();
        refuse_for_good(format!("Too many attempts. Try again in {wait}."))
    }

    /// A code was sent to this roll number less than a minute ago, in another sign-in.
    pub(super) fn delay_code(&mut self, wait: Duration) -> ErpTransition {
        let wait = RateLimited(wait).in_words();
        let message =
            format!("A code was sent to you less than a minute ago. Try again in {wait}.");
        if self.stage == ErpStage::Code {
            return ask(Prompt {
                error: Some(message.into()),
                ..self.forms().code_prompt()
            });
        }
        self.return_to_credentials();
        self.ask_credentials_again(message)
    }

    /// Shows the credentials form with a message, without counting a failed attempt.
    fn ask_credentials_again(&self, message: impl Into<Cow<'static, str>>) -> ErpTransition {
        ask(Prompt {
            error: Some(message.into()),
            ..self.forms().credentials_prompt()
        })
    }

    fn forms(&self) -> ErpForms<'_> {
        ErpForms {
            roll: self.roll.as_ref(),
            question: self.question.as_deref(),
            has_ended_others: self.counts.restarts > 0,
            asks_credentials_again: self.asks_credentials_again,
        }
    }
}

fn ask(prompt: Prompt) -> ErpTransition {
    ErpTransition::Ask(Box::new(prompt))
}

fn refuse(reason: &'static str, prompt: Prompt) -> ErpTransition {
    ErpTransition::Refuse(LoginRefusal(reason.into()), Some(Box::new(prompt)))
}

fn refuse_for_good(reason: impl Into<Cow<'static, str>>) -> ErpTransition {
    ErpTransition::Refuse(LoginRefusal(reason.into()), None)
}

#[cfg(test)]
mod tests;
