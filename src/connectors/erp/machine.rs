//! Where a sign-in through ERP stands, and what comes next. Pure: it is told what was typed and what
//! was heard, and says what to call or what to show. The forms themselves are in [`super::form`].
//!
//! ```text
//! Roll ──number──▶ Credentials ──password, answer──▶ Code ──one-time code──▶ Done
//!   │ unknown          │ refused, another question    │ refused, send again   │ another session is open
//!   ▼                  ▼                              ▼                       ▼
//! Roll             Credentials                      Code        Conflict ──end it──▶ Credentials
//! ```
//!
//! The roll number is that of the first form, whatever later forms carry. What one sign-in may spend:
//! 5 questions, 3 wrong passwords or answers, 3 codes, 3 wrong codes; 5 minutes without a word and 10
//! in all. Then it is over.

use std::borrow::Cow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::form::{
    ANOTHER_QUESTION, ANSWER, BACK, CODE, ErpForms, LEAVE_IT, PASSWORD, ROLL, SEND_AGAIN, at,
};
use super::reply::{SendCodeReply, SignInReply, UnknownReply};
use super::roll::ErpRollNumber;
use crate::connectors::{Answers, LoginRefusal, Prompt};
use crate::platform::clock::Timestamp;
use crate::platform::web::RateLimited;

const MOST_QUESTIONS: u32 = 5;
const MOST_TRIES: u32 = 3;
const MOST_CODES: u32 = 3;
const MOST_CODE_TRIES: u32 = 3;
/// ERP says for itself when it is not ready to send a code; so often it is asked again.
const MOST_CALLS: u32 = 20;
const IN_ALL: Duration = Duration::from_mins(10);
const IDLE: Duration = Duration::from_mins(5);
/// How long somebody waits for another code.
const APART: Duration = super::budgets::APART;

const ODD_QUESTION: &str = "ERP asks a security question for this roll number that we cannot read. \
                            Begin again, and it may ask another of the three. If it does not, change \
                            that question in ERP, or sign in another way.";
const ODD_ACCOUNT: &str = "ERP answered about this roll number in words that we do not know, so you are \
                           not signed in. Sign in to ERP itself to see whether it wants something of \
                           you first, or sign in here another way.";

/// What is to be asked of ERP.
pub(super) enum ErpCall {
    /// A session of its own for this sign-in.
    Open,
    Question,
    SendCode,
    SignIn(Zeroizing<String>),
    /// End the person's other sessions. Only ever after they said so.
    EndOthers,
}

/// What ERP was heard to say.
pub(super) enum ErpEvent {
    Opened,
    /// None for a number it does not know.
    Question(Option<String>),
    Code(SendCodeReply),
    SignedIn(SignInReply),
    OthersEnded,
    /// It gave no answer.
    Silence,
    /// What it never says to anybody, as far as we know.
    Changed(UnknownReply),
    /// The same about one person.
    Odd(UnknownReply),
    /// Its session is gone.
    Expired,
}

/// What comes next.
pub(super) enum ErpTransition {
    Call(ErpCall),
    Ask(Box<Prompt>),
    /// Somebody was wrong; without a form it is over.
    Refuse(LoginRefusal, Option<Box<Prompt>>),
    Done,
    Unavailable,
    Changed(&'static str),
    Odd {
        met: &'static str,
        told: &'static str,
    },
    Expired,
}

/// Password and answer, for as long as ERP wants them again.
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
    tries: u32,
    codes: u32,
    code_tries: u32,
    restarts: u32,
    calls: u32,
}

/// One sign-in. Holds a password between two forms: it cannot be printed, and wipes it when dropped.
pub(super) struct ErpMachine {
    stage: ErpStage,
    roll: Option<ErpRollNumber>,
    /// The last question ERP gave; none while it is not known which that is.
    question: Option<String>,
    secrets: Option<ErpSecrets>,
    counts: AttemptCounts,
    sent_at: Option<Timestamp>,
    began: Timestamp,
    touched: Timestamp,
    /// Forget the password once a code is sent, and ask for it again beside the code.
    reask: bool,
}

impl ErpMachine {
    pub(super) fn new(reask: bool, now: Timestamp) -> Self {
        Self {
            stage: ErpStage::Roll,
            roll: None,
            question: None,
            secrets: None,
            counts: AttemptCounts::default(),
            sent_at: None,
            began: now,
            touched: now,
            reask,
        }
    }

    /// Whose sign-in it is, once they said so.
    pub(super) fn roll(&self) -> Option<&ErpRollNumber> {
        self.roll.as_ref()
    }

    /// Password and answer.
    pub(super) fn secrets(&self) -> Option<(&str, &str)> {
        let secrets = self.secrets.as_ref()?;
        Some((&secrets.password, &secrets.answer))
    }

    pub(super) fn first(&self) -> Prompt {
        self.forms().roll()
    }

    /// Somebody answered the form they were shown.
    pub(super) fn answered(&mut self, answers: &Answers, now: Timestamp) -> ErpTransition {
        if now - self.touched > IDLE || now - self.began > IN_ALL {
            return ErpTransition::Expired;
        }
        self.touched = now;
        match (self.stage, answers.instead()) {
            (ErpStage::Roll, _) => self.roll_given(answers),
            (ErpStage::Credentials, Some(ANOTHER_QUESTION)) => self.another_question(),
            (ErpStage::Credentials, _) => self.credentials_given(answers),
            (ErpStage::Code, Some(SEND_AGAIN)) => self.send_again(now),
            (ErpStage::Code, Some(BACK)) => {
                self.back_to_credentials();
                ask(self.forms().credentials())
            }
            (ErpStage::Code, _) => self.code_given(answers),
            (ErpStage::Conflict, Some(LEAVE_IT)) => over(
                "Your other ERP session goes on, and you are not signed in here. Sign out of ERP there, then begin again.",
            ),
            (ErpStage::Conflict, _) => self.call(ErpCall::EndOthers),
        }
    }

    fn roll_given(&mut self, answers: &Answers) -> ErpTransition {
        let Ok(roll) = ErpRollNumber::parse(answers.text(ROLL)) else {
            let mut form = self.forms().roll();
            at(
                &mut form,
                ROLL,
                "Enter your roll number, for example 21CS10001.",
            );
            return ask(form);
        };
        self.roll = Some(roll);
        self.call(ErpCall::Open)
    }

    fn another_question(&mut self) -> ErpTransition {
        self.question = None;
        self.ask_question()
    }

    fn ask_question(&mut self) -> ErpTransition {
        if self.counts.questions >= MOST_QUESTIONS {
            return self.too_many(IN_ALL);
        }
        self.counts.questions += 1;
        self.call(ErpCall::Question)
    }

    fn credentials_given(&mut self, answers: &Answers) -> ErpTransition {
        let secret = |name| Zeroizing::new(answers.text(name).to_owned());
        let secrets = ErpSecrets {
            password: secret(PASSWORD),
            answer: secret(ANSWER),
        };
        if secrets.answer.trim().is_empty() {
            let mut form = self.forms().credentials();
            at(&mut form, ANSWER, "Answer the security question.");
            return ask(form);
        }
        self.secrets = Some(secrets);
        self.send_code()
    }

    fn send_again(&mut self, now: Timestamp) -> ErpTransition {
        let ready = self.sent_at.map_or(now, |sent| sent + APART);
        if now < ready {
            let wait = RateLimited((ready - now).unsigned_abs()).in_words();
            let told =
                format!("A code is on its way. If it has not come in {wait}, ask for another.");
            return ask(Prompt {
                error: Some(told.into()),
                ..self.forms().code()
            });
        }
        self.send_code()
    }

    fn send_code(&mut self) -> ErpTransition {
        if self.counts.codes >= MOST_CODES {
            return self.too_many(IN_ALL);
        }
        self.call(ErpCall::SendCode)
    }

    fn code_given(&mut self, answers: &Answers) -> ErpTransition {
        let typed = answers.text(CODE);
        let mut code = Zeroizing::new(String::with_capacity(typed.len()));
        code.extend(typed.chars().filter(|sign| !sign.is_whitespace()));
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            let mut form = self.forms().code();
            at(&mut form, CODE, "Enter the six digits of the code.");
            return ask(form);
        }
        if self.reask {
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
        if self.counts.calls > MOST_CALLS {
            return self.too_many(IN_ALL);
        }
        ErpTransition::Call(call)
    }

    /// ERP answered what it was asked, or did not.
    pub(super) fn heard(&mut self, heard: ErpEvent, now: Timestamp) -> ErpTransition {
        match heard {
            ErpEvent::Opened => self.ask_question(),
            ErpEvent::Question(None) => {
                self.stage = ErpStage::Roll;
                self.roll = None;
                refuse("ERP does not know this roll number.", self.forms().roll())
            }
            ErpEvent::Question(Some(question)) => {
                self.question = Some(question);
                self.stage = ErpStage::Credentials;
                ask(self.forms().credentials())
            }
            ErpEvent::Code(reply) => self.heard_of_code(reply, now),
            ErpEvent::SignedIn(reply) => self.heard_of_sign_in(&reply),
            ErpEvent::OthersEnded => {
                self.counts.restarts += 1;
                self.call(ErpCall::Open)
            }
            ErpEvent::Silence => self.heard_nothing(),
            ErpEvent::Changed(UnknownReply(what)) => ErpTransition::Changed(what),
            ErpEvent::Odd(UnknownReply(met)) => ErpTransition::Odd {
                met,
                told: match self.stage {
                    ErpStage::Code => ODD_ACCOUNT,
                    _ if self.secrets.is_some() => ODD_ACCOUNT,
                    _ => ODD_QUESTION,
                },
            },
            ErpEvent::Expired => ErpTransition::Expired,
        }
    }

    fn heard_of_code(&mut self, reply: SendCodeReply, now: Timestamp) -> ErpTransition {
        match reply {
            SendCodeReply::Sent => {
                self.counts.codes += 1;
                self.sent_at = Some(now);
                self.stage = ErpStage::Code;
                if self.reask {
                    self.secrets = None;
                }
                ask(self.forms().code())
            }
            SendCodeReply::AnswerMismatch => self.refused("The answer was not accepted."),
            SendCodeReply::PasswordMismatch => self.refused("The ERP password was not accepted."),
            SendCodeReply::AnswerMissing => {
                self.back_to_credentials();
                let mut form = self.forms().credentials();
                at(&mut form, ANSWER, "Answer the security question.");
                ask(form)
            }
            SendCodeReply::NotSent => {
                self.back_to_credentials();
                self.trouble("ERP could not send the code. Try again later.")
            }
        }
    }

    fn heard_of_sign_in(&mut self, reply: &SignInReply) -> ErpTransition {
        match reply {
            SignInReply::Token(_) => {
                self.secrets = None;
                ErpTransition::Done
            }
            SignInReply::CodeMismatch => {
                self.counts.code_tries += 1;
                if self.counts.code_tries >= MOST_CODE_TRIES {
                    return over(
                        "That code was not accepted, and neither were two before it. Begin again to get a new one.",
                    );
                }
                if self.reask {
                    self.secrets = None;
                }
                refuse("That code was not accepted.", self.forms().code())
            }
            SignInReply::Rejected => {
                self.refused("ERP refused the sign-in. Check password and answer.")
            }
            SignInReply::PreviousSession => {
                self.secrets = None;
                if self.counts.restarts > 0 {
                    return over(
                        "ERP says again that another session of yours is open. Sign out of ERP there, then begin again.",
                    );
                }
                self.stage = ErpStage::Conflict;
                ask(self.forms().conflict())
            }
        }
    }

    /// Before ERP has been given a password nothing is lost by trying again; afterwards nobody knows
    /// what it made of it.
    fn heard_nothing(&mut self) -> ErpTransition {
        if self.secrets.is_some() || matches!(self.stage, ErpStage::Code | ErpStage::Conflict) {
            return ErpTransition::Unavailable;
        }
        self.stage = ErpStage::Roll;
        let told = "ERP is not answering. Nothing you typed was stored. Try again in a moment.";
        ask(Prompt {
            error: Some(told.into()),
            ..self.forms().roll()
        })
    }

    /// Password or answer was wrong.
    fn refused(&mut self, why: &'static str) -> ErpTransition {
        self.back_to_credentials();
        self.counts.tries += 1;
        if self.counts.tries >= MOST_TRIES {
            return over(
                "That was not accepted, and neither were two tries before it. Begin again once you know your password and answer.",
            );
        }
        refuse(why, self.forms().credentials())
    }

    fn back_to_credentials(&mut self) {
        self.secrets = None;
        self.stage = ErpStage::Credentials;
    }

    /// A budget is spent that is not of this sign-in alone.
    pub(super) fn too_many(&mut self, wait: Duration) -> ErpTransition {
        self.secrets = None;
        let wait = RateLimited(wait).in_words();
        over(format!("Too many attempts. Try again in {wait}."))
    }

    /// A code was sent to this roll number a moment ago, in another sign-in.
    pub(super) fn too_soon(&mut self, wait: Duration) -> ErpTransition {
        let wait = RateLimited(wait).in_words();
        let told = format!("A code was sent to you less than a minute ago. Try again in {wait}.");
        if self.stage == ErpStage::Code {
            return ask(Prompt {
                error: Some(told.into()),
                ..self.forms().code()
            });
        }
        self.back_to_credentials();
        self.trouble(told)
    }

    /// At the password again, without anybody having been wrong.
    fn trouble(&self, told: impl Into<Cow<'static, str>>) -> ErpTransition {
        ask(Prompt {
            error: Some(told.into()),
            ..self.forms().credentials()
        })
    }

    fn forms(&self) -> ErpForms<'_> {
        ErpForms {
            roll: self.roll.as_ref(),
            question: self.question.as_deref(),
            has_ended_others: self.counts.restarts > 0,
            reask: self.reask,
        }
    }
}

fn ask(form: Prompt) -> ErpTransition {
    ErpTransition::Ask(Box::new(form))
}

fn refuse(why: &'static str, form: Prompt) -> ErpTransition {
    ErpTransition::Refuse(LoginRefusal(why.into()), Some(Box::new(form)))
}

fn over(why: impl Into<Cow<'static, str>>) -> ErpTransition {
    ErpTransition::Refuse(LoginRefusal(why.into()), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::erp::reply::SsoToken;

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const QUESTION: &str = "What was your first pet called?";

    /// A machine, the time, and what came of the last step.
    struct ErpWalk {
        machine: ErpMachine,
        now: Timestamp,
    }

    impl ErpWalk {
        fn new() -> Self {
            Self {
                machine: ErpMachine::new(false, NOW),
                now: NOW,
            }
        }

        fn types(&mut self, typed: &[(&str, &str)]) -> ErpTransition {
            let stage = self.machine.stage;
            let form = match stage {
                ErpStage::Roll => self.machine.forms().roll(),
                ErpStage::Credentials => self.machine.forms().credentials(),
                ErpStage::Code => self.machine.forms().code(),
                ErpStage::Conflict => self.machine.forms().conflict(),
            };
            let value = |name: &str| {
                typed
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or("", |it| it.1)
            };
            let answers = Answers::to(&form, |name| value(name).to_owned());
            self.machine.answered(&answers, self.now)
        }

        fn presses(&mut self, button: &'static str) -> ErpTransition {
            self.machine
                .answered(&Answers::instead_of(button), self.now)
        }

        fn hears(&mut self, heard: ErpEvent) -> ErpTransition {
            self.machine.heard(heard, self.now)
        }

        fn credentials(&mut self) -> ErpTransition {
            self.types(&[(PASSWORD, "secret"), (ANSWER, "Bhola")])
        }

        fn code(&mut self) -> ErpTransition {
            self.types(&[(CODE, "123456")])
        }

        fn hears_of(&mut self, reply: SendCodeReply) -> ErpTransition {
            self.hears(ErpEvent::Code(reply))
        }

        fn ends(&mut self, reply: SignInReply) -> ErpTransition {
            self.hears(ErpEvent::SignedIn(reply))
        }

        /// As far as the password.
        fn at_credentials() -> Self {
            let mut walk = Self::new();
            assert!(matches!(
                walk.types(&[(ROLL, " 21cs10001 ")]),
                ErpTransition::Call(ErpCall::Open)
            ));
            assert!(matches!(
                walk.hears(ErpEvent::Opened),
                ErpTransition::Call(ErpCall::Question)
            ));
            assert!(
                shows(&walk.hears(ErpEvent::Question(Some(QUESTION.to_owned()))))
                    .contains(&QUESTION.to_owned())
            );
            walk
        }

        /// As far as the code.
        fn at_code() -> Self {
            let mut walk = Self::at_credentials();
            assert!(matches!(
                walk.credentials(),
                ErpTransition::Call(ErpCall::SendCode)
            ));
            assert_eq!(
                shows(&walk.hears_of(SendCodeReply::Sent)),
                ["Code from the mail"]
            );
            walk
        }
    }

    /// The labels of the form that is shown.
    fn shows(next: &ErpTransition) -> Vec<String> {
        let (ErpTransition::Ask(form) | ErpTransition::Refuse(_, Some(form))) = next else {
            return Vec::new();
        };
        form.inputs
            .iter()
            .map(|input| input.label.to_string())
            .collect()
    }

    fn trouble(next: &ErpTransition) -> String {
        match next {
            ErpTransition::Ask(form) => form.error.clone().unwrap_or_default().into(),
            _ => "no form".to_owned(),
        }
    }

    /// Why somebody was refused, and whether they may try again.
    fn refused(next: &ErpTransition) -> (&str, bool) {
        match next {
            ErpTransition::Refuse(why, again) => (&why.0, again.is_some()),
            _ => ("not refused", false),
        }
    }

    fn is_over(next: &ErpTransition) -> bool {
        matches!(next, ErpTransition::Refuse(_, None))
    }

    #[test]
    fn everything_right_is_four_calls_and_done() {
        let mut walk = ErpWalk::at_code();
        assert_eq!(walk.machine.secrets(), Some(("secret", "Bhola")));
        let ErpTransition::Call(ErpCall::SignIn(code)) = walk.types(&[(CODE, " 123 456 ")]) else {
            panic!("no call");
        };
        assert_eq!(code.as_str(), "123456");
        let token = SsoToken::parse("0123456789ABCDEF").unwrap();
        assert!(matches!(
            walk.ends(SignInReply::Token(token)),
            ErpTransition::Done
        ));
        assert_eq!(walk.machine.roll().unwrap().as_str(), "21CS10001");
        // The password is gone as soon as it is of no use.
        assert!(walk.machine.secrets().is_none());
    }

    #[test]
    fn e25_what_is_no_roll_number_calls_nobody() {
        for bad in ["ABCS10001", "22C510001", "22CS1000", ""] {
            let mut walk = ErpWalk::new();
            let next = walk.types(&[(ROLL, bad)]);
            let ErpTransition::Ask(form) = next else {
                panic!("{bad} was taken")
            };
            assert_eq!(
                form.inputs[0].error.as_deref(),
                Some("Enter your roll number, for example 21CS10001.")
            );
        }
    }

    #[test]
    fn e04_an_unknown_roll_number_may_be_mended() {
        let mut walk = ErpWalk::new();
        walk.types(&[(ROLL, "99XX99999")]);
        walk.hears(ErpEvent::Opened);
        let next = walk.hears(ErpEvent::Question(None));
        assert_eq!(
            refused(&next),
            ("ERP does not know this roll number.", true)
        );
        assert_eq!(shows(&next), ["Roll number"]);
        assert!(matches!(
            walk.types(&[(ROLL, "21CS10001")]),
            ErpTransition::Call(ErpCall::Open)
        ));
    }

    #[test]
    fn e19_later_forms_do_not_change_whose_sign_in_it_is() {
        let mut walk = ErpWalk::at_credentials();
        walk.types(&[(PASSWORD, "secret"), (ANSWER, "Bhola"), (ROLL, "22EE30002")]);
        walk.hears_of(SendCodeReply::Sent);
        walk.types(&[(CODE, "123456"), (ROLL, "22EE30002")]);
        assert_eq!(walk.machine.roll().unwrap().as_str(), "21CS10001");
    }

    #[test]
    fn five_questions_are_all_there_are() {
        let mut walk = ErpWalk::at_credentials();
        for _ in 1..5 {
            assert!(matches!(
                walk.presses(ANOTHER_QUESTION),
                ErpTransition::Call(ErpCall::Question)
            ));
            walk.hears(ErpEvent::Question(Some("Another?".to_owned())));
        }
        assert!(is_over(&walk.presses(ANOTHER_QUESTION)));
    }

    #[test]
    fn e06_e07_three_wrong_passwords_or_answers_end_it() {
        let mut walk = ErpWalk::at_credentials();
        walk.credentials();
        let next = walk.hears_of(SendCodeReply::AnswerMismatch);
        assert_eq!(refused(&next), ("The answer was not accepted.", true));
        assert!(shows(&next).contains(&QUESTION.to_owned()));
        assert!(walk.machine.secrets().is_none());
        walk.credentials();
        let next = walk.hears_of(SendCodeReply::PasswordMismatch);
        assert_eq!(refused(&next), ("The ERP password was not accepted.", true));
        walk.credentials();
        assert!(is_over(&walk.hears_of(SendCodeReply::PasswordMismatch)));
    }

    #[test]
    fn e12_three_wrong_codes_end_it() {
        let mut walk = ErpWalk::at_code();
        for _ in 0..2 {
            assert!(matches!(
                walk.code(),
                ErpTransition::Call(ErpCall::SignIn(_))
            ));
            assert_eq!(
                refused(&walk.ends(SignInReply::CodeMismatch)),
                ("That code was not accepted.", true)
            );
        }
        walk.code();
        assert!(is_over(&walk.ends(SignInReply::CodeMismatch)));
    }

    #[test]
    fn what_is_no_code_costs_no_try() {
        let mut walk = ErpWalk::at_code();
        for bad in ["", "12345", "1234567", "12345a", "१२३४५६"] {
            let ErpTransition::Ask(form) = walk.types(&[(CODE, bad)]) else {
                panic!("{bad} was sent")
            };
            assert!(form.inputs[0].error.is_some());
        }
        walk.code();
        assert!(!is_over(&walk.ends(SignInReply::CodeMismatch)));
    }

    #[test]
    fn another_code_comes_after_a_minute_and_three_are_all_there_are() {
        let mut walk = ErpWalk::at_code();
        for _ in 1..3 {
            walk.now += Duration::from_secs(20);
            assert!(trouble(&walk.presses(SEND_AGAIN)).contains("40 seconds"));
            walk.now += Duration::from_secs(40);
            assert!(matches!(
                walk.presses(SEND_AGAIN),
                ErpTransition::Call(ErpCall::SendCode)
            ));
            walk.hears_of(SendCodeReply::Sent);
        }
        walk.now += APART;
        assert!(is_over(&walk.presses(SEND_AGAIN)));
    }

    #[test]
    fn e10_what_erp_cannot_do_is_nobodys_fault() {
        let mut walk = ErpWalk::at_credentials();
        for _ in 0..5 {
            walk.credentials();
            let next = walk.hears_of(SendCodeReply::NotSent);
            assert_eq!(
                trouble(&next),
                "ERP could not send the code. Try again later."
            );
            assert!(walk.machine.secrets().is_none());
        }
        // But it is not asked for ever.
        let mut next = walk.credentials();
        for _ in 0..MOST_CALLS {
            walk.hears_of(SendCodeReply::NotSent);
            next = walk.credentials();
        }
        assert!(is_over(&next));
    }

    #[test]
    fn e14_a_late_refusal_goes_back_a_step() {
        let mut walk = ErpWalk::at_code();
        walk.code();
        let next = walk.ends(SignInReply::Rejected);
        assert_eq!(
            refused(&next),
            ("ERP refused the sign-in. Check password and answer.", true)
        );
        assert!(shows(&next).contains(&QUESTION.to_owned()));
        assert!(walk.machine.secrets().is_none());
    }

    #[test]
    fn e17_another_session_is_ended_only_when_its_owner_says_so_and_once() {
        let mut walk = ErpWalk::at_code();
        walk.code();
        let ErpTransition::Ask(form) = walk.ends(SignInReply::PreviousSession) else {
            panic!("not asked")
        };
        assert_eq!(form.submit, "End my other ERP session and try again");
        assert!(walk.machine.secrets().is_none());
        assert!(is_over(&walk.presses(LEAVE_IT)));

        let mut walk = ErpWalk::at_code();
        walk.code();
        walk.ends(SignInReply::PreviousSession);
        assert!(matches!(
            walk.types(&[]),
            ErpTransition::Call(ErpCall::EndOthers)
        ));
        assert!(matches!(
            walk.hears(ErpEvent::OthersEnded),
            ErpTransition::Call(ErpCall::Open)
        ));
        assert!(matches!(
            walk.hears(ErpEvent::Opened),
            ErpTransition::Call(ErpCall::Question)
        ));
        walk.hears(ErpEvent::Question(Some(QUESTION.to_owned())));
        assert!(matches!(
            walk.credentials(),
            ErpTransition::Call(ErpCall::SendCode)
        ));
        walk.hears_of(SendCodeReply::Sent);
        walk.code();
        assert!(is_over(&walk.ends(SignInReply::PreviousSession)));
    }

    #[test]
    fn silence_is_borne_until_a_password_was_sent() {
        let mut walk = ErpWalk::new();
        walk.types(&[(ROLL, "21CS10001")]);
        let next = walk.hears(ErpEvent::Silence);
        assert!(trouble(&next).starts_with("ERP is not answering."));
        assert_eq!(shows(&next), ["Roll number"]);
        let mut walk = ErpWalk::at_credentials();
        walk.presses(ANOTHER_QUESTION);
        // Which question is the last one is not known now: it begins again.
        assert_eq!(shows(&walk.hears(ErpEvent::Silence)), ["Roll number"]);

        let mut walk = ErpWalk::at_credentials();
        walk.credentials();
        assert!(matches!(
            walk.hears(ErpEvent::Silence),
            ErpTransition::Unavailable
        ));
        let mut walk = ErpWalk::at_code();
        walk.code();
        assert!(matches!(
            walk.hears(ErpEvent::Silence),
            ErpTransition::Unavailable
        ));
    }

    #[test]
    fn what_is_not_known_is_never_a_success() {
        for walk in [
            ErpWalk::new(),
            ErpWalk::at_credentials(),
            ErpWalk::at_code(),
        ] {
            let mut walk = walk;
            assert!(matches!(
                walk.hears(ErpEvent::Changed(UnknownReply("x"))),
                ErpTransition::Changed("x")
            ));
            assert!(matches!(
                walk.hears(ErpEvent::Odd(UnknownReply("x"))),
                ErpTransition::Odd { met: "x", .. }
            ));
            assert!(matches!(
                walk.hears(ErpEvent::Expired),
                ErpTransition::Expired
            ));
        }
    }

    #[test]
    fn five_minutes_of_silence_and_ten_in_all_end_it() {
        let mut walk = ErpWalk::at_credentials();
        walk.now += Duration::from_secs(301);
        assert!(matches!(walk.credentials(), ErpTransition::Expired));
        let mut walk = ErpWalk::at_credentials();
        for _ in 0..2 {
            walk.now += Duration::from_secs(290);
            assert!(matches!(
                walk.presses(ANOTHER_QUESTION),
                ErpTransition::Call(_)
            ));
            walk.hears(ErpEvent::Question(Some(QUESTION.to_owned())));
        }
        walk.now += Duration::from_secs(290);
        assert!(matches!(walk.credentials(), ErpTransition::Expired));
    }

    #[test]
    fn a_blank_answer_is_not_sent() {
        let mut walk = ErpWalk::at_credentials();
        let next = walk.types(&[(PASSWORD, "secret"), (ANSWER, "  ")]);
        let ErpTransition::Ask(form) = next else {
            panic!("sent")
        };
        assert_eq!(
            form.inputs[1].error.as_deref(),
            Some("Answer the security question.")
        );
    }

    #[test]
    fn a_password_that_is_asked_for_twice_is_not_held_in_between() {
        let mut walk = ErpWalk {
            machine: ErpMachine::new(true, NOW),
            now: NOW,
        };
        walk.types(&[(ROLL, "21CS10001")]);
        walk.hears(ErpEvent::Opened);
        walk.hears(ErpEvent::Question(Some(QUESTION.to_owned())));
        walk.credentials();
        let next = walk.hears_of(SendCodeReply::Sent);
        assert_eq!(
            shows(&next),
            ["ERP password", QUESTION, "Code from the mail"]
        );
        assert!(walk.machine.secrets().is_none());
        let typed = [(PASSWORD, "again"), (ANSWER, "Bhola"), (CODE, "123456")];
        assert!(matches!(
            walk.types(&typed),
            ErpTransition::Call(ErpCall::SignIn(_))
        ));
        assert_eq!(walk.machine.secrets(), Some(("again", "Bhola")));
        walk.ends(SignInReply::CodeMismatch);
        assert!(walk.machine.secrets().is_none());
        assert!(shows(&walk.presses(BACK)).contains(&QUESTION.to_owned()));
    }

    #[test]
    fn how_long_to_wait_for_what_others_spent_is_said() {
        let mut walk = ErpWalk::at_credentials();
        assert_eq!(
            refused(&walk.machine.too_many(Duration::from_secs(91))).0,
            "Too many attempts. Try again in 2 minutes."
        );
        assert_eq!(
            refused(&walk.machine.too_many(Duration::from_secs(5))).0,
            "Too many attempts. Try again in 5 seconds."
        );
        let mut walk = ErpWalk::at_credentials();
        walk.credentials();
        assert!(trouble(&walk.machine.too_soon(Duration::from_secs(30))).contains("30 seconds"));
        assert!(walk.machine.secrets().is_none());
    }
}
