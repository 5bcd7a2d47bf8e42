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
use crate::platform::web::RateLimited;

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
        match (self.stage, answers.instead()) {
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
                "Your other ERP session goes on, and you are not signed in here. Sign out of ERP there, then begin again.",
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
                format!("A code is on its way. If it has not come in {wait}, ask for another.");
            return ask(Prompt {
                trouble: Some(message.into()),
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
                        "That code was not accepted, and neither were two before it. Begin again to get a new one.",
                    );
                }
                if self.asks_credentials_again {
                    self.secrets = None;
                }
                refuse("That code was not accepted.", self.forms().code_prompt())
            }
            SignInReply::Rejected => {
                self.reject_credentials("ERP refused the sign-in. Check password and answer.")
            }
            SignInReply::OtherSessionActive => {
                self.secrets = None;
                if self.counts.restarts > 0 {
                    return refuse_for_good(
                        "ERP says again that another session of yours is open. Sign out of ERP there, then begin again.",
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
            trouble: Some(message.into()),
            ..self.forms().roll_prompt()
        })
    }

    /// ERP refused password or answer.
    fn reject_credentials(&mut self, reason: &'static str) -> ErpTransition {
        self.return_to_credentials();
        self.counts.credential_attempts += 1;
        if self.counts.credential_attempts >= MAX_CREDENTIAL_ATTEMPTS {
            return refuse_for_good(
                "That was not accepted, and neither were two tries before it. Begin again once you know your password and answer.",
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
                trouble: Some(message.into()),
                ..self.forms().code_prompt()
            });
        }
        self.return_to_credentials();
        self.ask_credentials_again(message)
    }

    /// Shows the credentials form with a message, without counting a failed attempt.
    fn ask_credentials_again(&self, message: impl Into<Cow<'static, str>>) -> ErpTransition {
        ask(Prompt {
            trouble: Some(message.into()),
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
mod tests {
    use super::*;
    use crate::connectors::erp::reply::SsoToken;

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const QUESTION: &str = "What was your first pet called?";

    /// A state machine and its time, driven by the tests.
    struct LoginDriver {
        machine: ErpMachine,
        now: Timestamp,
    }

    impl LoginDriver {
        fn new() -> Self {
            Self {
                machine: ErpMachine::new(false, NOW),
                now: NOW,
            }
        }

        fn submit(&mut self, typed: &[(&str, &str)]) -> ErpTransition {
            let stage = self.machine.stage;
            let prompt = match stage {
                ErpStage::Roll => self.machine.forms().roll_prompt(),
                ErpStage::Credentials => self.machine.forms().credentials_prompt(),
                ErpStage::Code => self.machine.forms().code_prompt(),
                ErpStage::Conflict => self.machine.forms().conflict_prompt(),
            };
            let value = |name: &str| {
                typed
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or("", |it| it.1)
            };
            let answers = Answers::to(&prompt, |name| value(name).to_owned());
            self.machine.handle_answers(&answers, self.now)
        }

        fn press(&mut self, button: &'static str) -> ErpTransition {
            self.machine
                .handle_answers(&Answers::instead_of(button), self.now)
        }

        fn handle_event(&mut self, event: ErpEvent) -> ErpTransition {
            self.machine.handle_event(event, self.now)
        }

        fn submit_credentials(&mut self) -> ErpTransition {
            self.submit(&[(PASSWORD, "secret"), (ANSWER, "Bhola")])
        }

        fn submit_code(&mut self) -> ErpTransition {
            self.submit(&[(CODE, "123456")])
        }

        fn code_reply(&mut self, reply: SendCodeReply) -> ErpTransition {
            self.handle_event(ErpEvent::CodeReply(reply))
        }

        fn sign_in_reply(&mut self, reply: SignInReply) -> ErpTransition {
            self.handle_event(ErpEvent::SignInReply(reply))
        }

        /// A sign-in at the credentials form.
        fn at_credentials() -> Self {
            let mut login = Self::new();
            assert!(matches!(
                login.submit(&[(ROLL, " 21cs10001 ")]),
                ErpTransition::Call(ErpCall::OpenSession)
            ));
            assert!(matches!(
                login.handle_event(ErpEvent::SessionOpened),
                ErpTransition::Call(ErpCall::FetchQuestion)
            ));
            assert!(
                input_labels(
                    &login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())))
                )
                .contains(&QUESTION.to_owned())
            );
            login
        }

        /// A sign-in at the code form.
        fn at_code() -> Self {
            let mut login = Self::at_credentials();
            assert!(matches!(
                login.submit_credentials(),
                ErpTransition::Call(ErpCall::SendCode)
            ));
            assert_eq!(
                input_labels(&login.code_reply(SendCodeReply::Sent)),
                ["Code from the mail"]
            );
            login
        }
    }

    /// The labels of the prompt's inputs.
    fn input_labels(transition: &ErpTransition) -> Vec<String> {
        let (ErpTransition::Ask(prompt) | ErpTransition::Refuse(_, Some(prompt))) = transition
        else {
            return Vec::new();
        };
        prompt
            .inputs
            .iter()
            .map(|input| input.label.to_string())
            .collect()
    }

    fn trouble(transition: &ErpTransition) -> String {
        match transition {
            ErpTransition::Ask(prompt) => prompt.trouble.clone().unwrap_or_default().into(),
            _ => "no form".to_owned(),
        }
    }

    /// The refusal's message, and whether another try is allowed.
    fn refusal(transition: &ErpTransition) -> (&str, bool) {
        match transition {
            ErpTransition::Refuse(reason, retry) => (&reason.0, retry.is_some()),
            _ => ("not refused", false),
        }
    }

    fn is_refused_for_good(transition: &ErpTransition) -> bool {
        matches!(transition, ErpTransition::Refuse(_, None))
    }

    #[test]
    fn everything_right_is_four_calls_and_done() {
        let mut login = LoginDriver::at_code();
        assert_eq!(login.machine.secrets(), Some(("secret", "Bhola")));
        let ErpTransition::Call(ErpCall::SignIn(code)) = login.submit(&[(CODE, " 123 456 ")])
        else {
            panic!("no call");
        };
        assert_eq!(code.as_str(), "123456");
        let token = SsoToken::parse("0123456789ABCDEF").unwrap();
        assert!(matches!(
            login.sign_in_reply(SignInReply::Token(token)),
            ErpTransition::Done
        ));
        assert_eq!(login.machine.roll().unwrap().as_str(), "21CS10001");
        // The password is dropped as soon as it is not needed.
        assert!(login.machine.secrets().is_none());
    }

    #[test]
    fn e25_what_is_no_roll_number_calls_nobody() {
        for invalid in ["ABCS10001", "22C510001", "22CS1000", ""] {
            let mut login = LoginDriver::new();
            let transition = login.submit(&[(ROLL, invalid)]);
            let ErpTransition::Ask(prompt) = transition else {
                panic!("{invalid} was taken")
            };
            assert_eq!(
                prompt.inputs[0].error.as_deref(),
                Some("Enter your roll number, for example 21CS10001.")
            );
        }
    }

    #[test]
    fn e04_an_unknown_roll_number_may_be_mended() {
        let mut login = LoginDriver::new();
        login.submit(&[(ROLL, "99XX99999")]);
        login.handle_event(ErpEvent::SessionOpened);
        let transition = login.handle_event(ErpEvent::QuestionFetched(None));
        assert_eq!(
            refusal(&transition),
            ("ERP does not know this roll number.", true)
        );
        assert_eq!(input_labels(&transition), ["Roll number"]);
        assert!(matches!(
            login.submit(&[(ROLL, "21CS10001")]),
            ErpTransition::Call(ErpCall::OpenSession)
        ));
    }

    #[test]
    fn e19_later_forms_do_not_change_whose_sign_in_it_is() {
        let mut login = LoginDriver::at_credentials();
        login.submit(&[(PASSWORD, "secret"), (ANSWER, "Bhola"), (ROLL, "22EE30002")]);
        login.code_reply(SendCodeReply::Sent);
        login.submit(&[(CODE, "123456"), (ROLL, "22EE30002")]);
        assert_eq!(login.machine.roll().unwrap().as_str(), "21CS10001");
    }

    #[test]
    fn five_questions_are_all_there_are() {
        let mut login = LoginDriver::at_credentials();
        for _ in 1..5 {
            assert!(matches!(
                login.press(ANOTHER_QUESTION),
                ErpTransition::Call(ErpCall::FetchQuestion)
            ));
            login.handle_event(ErpEvent::QuestionFetched(Some("Another?".to_owned())));
        }
        assert!(is_refused_for_good(&login.press(ANOTHER_QUESTION)));
    }

    #[test]
    fn e06_e07_three_wrong_passwords_or_answers_end_it() {
        let mut login = LoginDriver::at_credentials();
        login.submit_credentials();
        let transition = login.code_reply(SendCodeReply::WrongAnswer);
        assert_eq!(refusal(&transition), ("The answer was not accepted.", true));
        assert!(input_labels(&transition).contains(&QUESTION.to_owned()));
        assert!(login.machine.secrets().is_none());
        login.submit_credentials();
        let transition = login.code_reply(SendCodeReply::WrongPassword);
        assert_eq!(
            refusal(&transition),
            ("The ERP password was not accepted.", true)
        );
        login.submit_credentials();
        assert!(is_refused_for_good(
            &login.code_reply(SendCodeReply::WrongPassword)
        ));
    }

    #[test]
    fn e12_three_wrong_codes_end_it() {
        let mut login = LoginDriver::at_code();
        for _ in 0..2 {
            assert!(matches!(
                login.submit_code(),
                ErpTransition::Call(ErpCall::SignIn(_))
            ));
            assert_eq!(
                refusal(&login.sign_in_reply(SignInReply::WrongCode)),
                ("That code was not accepted.", true)
            );
        }
        login.submit_code();
        assert!(is_refused_for_good(
            &login.sign_in_reply(SignInReply::WrongCode)
        ));
    }

    #[test]
    fn what_is_no_code_costs_no_try() {
        let mut login = LoginDriver::at_code();
        for invalid in ["", "12345", "1234567", "12345a", "१२३४५६"] {
            let ErpTransition::Ask(prompt) = login.submit(&[(CODE, invalid)]) else {
                panic!("{invalid} was sent")
            };
            assert!(prompt.inputs[0].error.is_some());
        }
        login.submit_code();
        assert!(!is_refused_for_good(
            &login.sign_in_reply(SignInReply::WrongCode)
        ));
    }

    #[test]
    fn another_code_comes_after_a_minute_and_three_are_all_there_are() {
        let mut login = LoginDriver::at_code();
        for _ in 1..3 {
            login.now += Duration::from_secs(20);
            assert!(trouble(&login.press(SEND_AGAIN)).contains("40 seconds"));
            login.now += Duration::from_secs(40);
            assert!(matches!(
                login.press(SEND_AGAIN),
                ErpTransition::Call(ErpCall::SendCode)
            ));
            login.code_reply(SendCodeReply::Sent);
        }
        login.now += CODE_INTERVAL;
        assert!(is_refused_for_good(&login.press(SEND_AGAIN)));
    }

    #[test]
    fn e10_what_erp_cannot_do_is_nobodys_fault() {
        let mut login = LoginDriver::at_credentials();
        for _ in 0..5 {
            login.submit_credentials();
            let transition = login.code_reply(SendCodeReply::NotSent);
            assert_eq!(
                trouble(&transition),
                "ERP could not send the code. Try again later."
            );
            assert!(login.machine.secrets().is_none());
        }
        // The total number of requests is limited.
        let mut transition = login.submit_credentials();
        for _ in 0..MAX_CALLS {
            login.code_reply(SendCodeReply::NotSent);
            transition = login.submit_credentials();
        }
        assert!(is_refused_for_good(&transition));
    }

    #[test]
    fn e14_a_late_refusal_goes_back_a_step() {
        let mut login = LoginDriver::at_code();
        login.submit_code();
        let transition = login.sign_in_reply(SignInReply::Rejected);
        assert_eq!(
            refusal(&transition),
            ("ERP refused the sign-in. Check password and answer.", true)
        );
        assert!(input_labels(&transition).contains(&QUESTION.to_owned()));
        assert!(login.machine.secrets().is_none());
    }

    #[test]
    fn e17_another_session_is_ended_only_when_its_owner_says_so_and_once() {
        let mut login = LoginDriver::at_code();
        login.submit_code();
        let ErpTransition::Ask(prompt) = login.sign_in_reply(SignInReply::OtherSessionActive)
        else {
            panic!("not asked")
        };
        assert_eq!(prompt.submit, "End my other ERP session and try again");
        assert!(login.machine.secrets().is_none());
        assert!(is_refused_for_good(&login.press(KEEP_OTHER_SESSION)));

        let mut login = LoginDriver::at_code();
        login.submit_code();
        login.sign_in_reply(SignInReply::OtherSessionActive);
        assert!(matches!(
            login.submit(&[]),
            ErpTransition::Call(ErpCall::EndOtherSessions)
        ));
        assert!(matches!(
            login.handle_event(ErpEvent::OtherSessionsEnded),
            ErpTransition::Call(ErpCall::OpenSession)
        ));
        assert!(matches!(
            login.handle_event(ErpEvent::SessionOpened),
            ErpTransition::Call(ErpCall::FetchQuestion)
        ));
        login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
        assert!(matches!(
            login.submit_credentials(),
            ErpTransition::Call(ErpCall::SendCode)
        ));
        login.code_reply(SendCodeReply::Sent);
        login.submit_code();
        assert!(is_refused_for_good(
            &login.sign_in_reply(SignInReply::OtherSessionActive)
        ));
    }

    #[test]
    fn silence_is_borne_until_a_password_was_sent() {
        let mut login = LoginDriver::new();
        login.submit(&[(ROLL, "21CS10001")]);
        let transition = login.handle_event(ErpEvent::NoAnswer);
        assert!(trouble(&transition).starts_with("ERP is not answering."));
        assert_eq!(input_labels(&transition), ["Roll number"]);
        let mut login = LoginDriver::at_credentials();
        login.press(ANOTHER_QUESTION);
        // The last question is unknown now, so the sign-in starts again.
        assert_eq!(
            input_labels(&login.handle_event(ErpEvent::NoAnswer)),
            ["Roll number"]
        );

        let mut login = LoginDriver::at_credentials();
        login.submit_credentials();
        assert!(matches!(
            login.handle_event(ErpEvent::NoAnswer),
            ErpTransition::Unavailable
        ));
        let mut login = LoginDriver::at_code();
        login.submit_code();
        assert!(matches!(
            login.handle_event(ErpEvent::NoAnswer),
            ErpTransition::Unavailable
        ));
    }

    #[test]
    fn what_is_not_known_is_never_a_success() {
        for login in [
            LoginDriver::new(),
            LoginDriver::at_credentials(),
            LoginDriver::at_code(),
        ] {
            let mut login = login;
            assert!(matches!(
                login.handle_event(ErpEvent::ProtocolMismatch(UnknownReply("x"))),
                ErpTransition::ProtocolMismatch("x")
            ));
            assert!(matches!(
                login.handle_event(ErpEvent::UnexpectedUserData(UnknownReply("x"))),
                ErpTransition::UnexpectedUserData { reason: "x", .. }
            ));
            assert!(matches!(
                login.handle_event(ErpEvent::SessionExpired),
                ErpTransition::Expired
            ));
        }
    }

    #[test]
    fn five_minutes_of_silence_and_ten_in_all_end_it() {
        let mut login = LoginDriver::at_credentials();
        login.now += Duration::from_secs(301);
        assert!(matches!(login.submit_credentials(), ErpTransition::Expired));
        let mut login = LoginDriver::at_credentials();
        for _ in 0..2 {
            login.now += Duration::from_secs(290);
            assert!(matches!(
                login.press(ANOTHER_QUESTION),
                ErpTransition::Call(_)
            ));
            login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
        }
        login.now += Duration::from_secs(290);
        assert!(matches!(login.submit_credentials(), ErpTransition::Expired));
    }

    #[test]
    fn a_blank_answer_is_not_sent() {
        let mut login = LoginDriver::at_credentials();
        let transition = login.submit(&[(PASSWORD, "secret"), (ANSWER, "  ")]);
        let ErpTransition::Ask(prompt) = transition else {
            panic!("sent")
        };
        assert_eq!(
            prompt.inputs[1].error.as_deref(),
            Some("Answer the security question.")
        );
    }

    #[test]
    fn a_password_that_is_asked_for_twice_is_not_held_in_between() {
        let mut login = LoginDriver {
            machine: ErpMachine::new(true, NOW),
            now: NOW,
        };
        login.submit(&[(ROLL, "21CS10001")]);
        login.handle_event(ErpEvent::SessionOpened);
        login.handle_event(ErpEvent::QuestionFetched(Some(QUESTION.to_owned())));
        login.submit_credentials();
        let transition = login.code_reply(SendCodeReply::Sent);
        assert_eq!(
            input_labels(&transition),
            ["ERP password", QUESTION, "Code from the mail"]
        );
        assert!(login.machine.secrets().is_none());
        let typed = [(PASSWORD, "again"), (ANSWER, "Bhola"), (CODE, "123456")];
        assert!(matches!(
            login.submit(&typed),
            ErpTransition::Call(ErpCall::SignIn(_))
        ));
        assert_eq!(login.machine.secrets(), Some(("again", "Bhola")));
        login.sign_in_reply(SignInReply::WrongCode);
        assert!(login.machine.secrets().is_none());
        assert!(input_labels(&login.press(BACK)).contains(&QUESTION.to_owned()));
    }

    #[test]
    fn how_long_to_wait_for_what_others_spent_is_said() {
        let mut login = LoginDriver::at_credentials();
        assert_eq!(
            refusal(&login.machine.refuse_rate_limited(Duration::from_secs(91))).0,
            "Too many attempts. Try again in 2 minutes."
        );
        assert_eq!(
            refusal(&login.machine.refuse_rate_limited(Duration::from_secs(5))).0,
            "Too many attempts. Try again in 5 seconds."
        );
        let mut login = LoginDriver::at_credentials();
        login.submit_credentials();
        assert!(trouble(&login.machine.delay_code(Duration::from_secs(30))).contains("30 seconds"));
        assert!(login.machine.secrets().is_none());
    }
}
