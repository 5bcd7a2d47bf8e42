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
    ANOTHER_QUESTION, ANSWER, BACK, CODE, Forms, LEAVE_IT, PASSWORD, ROLL, SEND_AGAIN, at,
};
use super::reply::{CodeReply, SignInReply, Strange};
use super::roll::Roll;
use crate::connectors::{Answers, Prompt, Refusal};
use crate::platform::clock::Moment;
use crate::platform::web::Slowed;

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
pub(super) enum Call {
    /// A session of its own for this sign-in.
    Open,
    Question,
    SendCode,
    SignIn(Zeroizing<String>),
    /// End the person's other sessions. Only ever after they said so.
    EndOthers,
}

/// What ERP was heard to say.
pub(super) enum Heard {
    Opened,
    /// None for a number it does not know.
    Question(Option<String>),
    Code(CodeReply),
    SignedIn(SignInReply),
    OthersEnded,
    /// It gave no answer.
    Silence,
    /// What it never says to anybody, as far as we know.
    Changed(Strange),
    /// The same about one person.
    Odd(Strange),
    /// Its session is gone.
    Expired,
}

/// What comes next.
pub(super) enum Move {
    Call(Call),
    Ask(Box<Prompt>),
    /// Somebody was wrong; without a form it is over.
    Refuse(Refusal, Option<Box<Prompt>>),
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
struct Secrets {
    password: Zeroizing<String>,
    answer: Zeroizing<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Roll,
    Credentials,
    Code,
    Conflict,
}

#[derive(Default)]
struct Counts {
    questions: u32,
    tries: u32,
    codes: u32,
    code_tries: u32,
    restarts: u32,
    calls: u32,
}

/// One sign-in. Holds a password between two forms: it cannot be printed, and wipes it when dropped.
pub(super) struct Machine {
    stage: Stage,
    roll: Option<Roll>,
    /// The last question ERP gave; none while it is not known which that is.
    question: Option<String>,
    secrets: Option<Secrets>,
    counts: Counts,
    sent_at: Option<Moment>,
    began: Moment,
    touched: Moment,
    /// Forget the password once a code is sent, and ask for it again beside the code.
    reask: bool,
}

impl Machine {
    pub(super) fn new(reask: bool, now: Moment) -> Self {
        Self {
            stage: Stage::Roll,
            roll: None,
            question: None,
            secrets: None,
            counts: Counts::default(),
            sent_at: None,
            began: now,
            touched: now,
            reask,
        }
    }

    /// Whose sign-in it is, once they said so.
    pub(super) fn roll(&self) -> Option<&Roll> {
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
    pub(super) fn answered(&mut self, answers: &Answers, now: Moment) -> Move {
        if now - self.touched > IDLE || now - self.began > IN_ALL {
            return Move::Expired;
        }
        self.touched = now;
        match (self.stage, answers.instead()) {
            (Stage::Roll, _) => self.roll_given(answers),
            (Stage::Credentials, Some(ANOTHER_QUESTION)) => self.another_question(),
            (Stage::Credentials, _) => self.credentials_given(answers),
            (Stage::Code, Some(SEND_AGAIN)) => self.send_again(now),
            (Stage::Code, Some(BACK)) => {
                self.back_to_credentials();
                ask(self.forms().credentials())
            }
            (Stage::Code, _) => self.code_given(answers),
            (Stage::Conflict, Some(LEAVE_IT)) => over(
                "Your other ERP session goes on, and you are not signed in here. Sign out of ERP there, then begin again.",
            ),
            (Stage::Conflict, _) => self.call(Call::EndOthers),
        }
    }

    fn roll_given(&mut self, answers: &Answers) -> Move {
        let Ok(roll) = Roll::parse(answers.text(ROLL)) else {
            let mut form = self.forms().roll();
            at(
                &mut form,
                ROLL,
                "Enter your roll number, for example 21CS10001.",
            );
            return ask(form);
        };
        self.roll = Some(roll);
        self.call(Call::Open)
    }

    fn another_question(&mut self) -> Move {
        self.question = None;
        self.ask_question()
    }

    fn ask_question(&mut self) -> Move {
        if self.counts.questions >= MOST_QUESTIONS {
            return self.too_many(IN_ALL);
        }
        self.counts.questions += 1;
        self.call(Call::Question)
    }

    fn credentials_given(&mut self, answers: &Answers) -> Move {
        let secret = |name| Zeroizing::new(answers.text(name).to_owned());
        let secrets = Secrets {
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

    fn send_again(&mut self, now: Moment) -> Move {
        let ready = self.sent_at.map_or(now, |sent| sent + APART);
        if now < ready {
            let wait = Slowed((ready - now).unsigned_abs()).in_words();
            let told =
                format!("A code is on its way. If it has not come in {wait}, ask for another.");
            return ask(Prompt {
                trouble: Some(told.into()),
                ..self.forms().code()
            });
        }
        self.send_code()
    }

    fn send_code(&mut self) -> Move {
        if self.counts.codes >= MOST_CODES {
            return self.too_many(IN_ALL);
        }
        self.call(Call::SendCode)
    }

    fn code_given(&mut self, answers: &Answers) -> Move {
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
            self.secrets = Some(Secrets {
                password: secret(PASSWORD),
                answer: secret(ANSWER),
            });
        }
        self.call(Call::SignIn(code))
    }

    fn call(&mut self, call: Call) -> Move {
        self.counts.calls += 1;
        if self.counts.calls > MOST_CALLS {
            return self.too_many(IN_ALL);
        }
        Move::Call(call)
    }

    /// ERP answered what it was asked, or did not.
    pub(super) fn heard(&mut self, heard: Heard, now: Moment) -> Move {
        match heard {
            Heard::Opened => self.ask_question(),
            Heard::Question(None) => {
                self.stage = Stage::Roll;
                self.roll = None;
                refuse("ERP does not know this roll number.", self.forms().roll())
            }
            Heard::Question(Some(question)) => {
                self.question = Some(question);
                self.stage = Stage::Credentials;
                ask(self.forms().credentials())
            }
            Heard::Code(reply) => self.heard_of_code(reply, now),
            Heard::SignedIn(reply) => self.heard_of_sign_in(&reply),
            Heard::OthersEnded => {
                self.counts.restarts += 1;
                self.call(Call::Open)
            }
            Heard::Silence => self.heard_nothing(),
            Heard::Changed(Strange(what)) => Move::Changed(what),
            Heard::Odd(Strange(met)) => Move::Odd {
                met,
                told: match self.stage {
                    Stage::Code => ODD_ACCOUNT,
                    _ if self.secrets.is_some() => ODD_ACCOUNT,
                    _ => ODD_QUESTION,
                },
            },
            Heard::Expired => Move::Expired,
        }
    }

    fn heard_of_code(&mut self, reply: CodeReply, now: Moment) -> Move {
        match reply {
            CodeReply::Sent => {
                self.counts.codes += 1;
                self.sent_at = Some(now);
                self.stage = Stage::Code;
                if self.reask {
                    self.secrets = None;
                }
                ask(self.forms().code())
            }
            CodeReply::AnswerMismatch => self.refused("The answer was not accepted."),
            CodeReply::PasswordMismatch => self.refused("The ERP password was not accepted."),
            CodeReply::AnswerMissing => {
                self.back_to_credentials();
                let mut form = self.forms().credentials();
                at(&mut form, ANSWER, "Answer the security question.");
                ask(form)
            }
            CodeReply::NotSent => {
                self.back_to_credentials();
                self.trouble("ERP could not send the code. Try again later.")
            }
        }
    }

    fn heard_of_sign_in(&mut self, reply: &SignInReply) -> Move {
        match reply {
            SignInReply::Token(_) => {
                self.secrets = None;
                Move::Done
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
                self.stage = Stage::Conflict;
                ask(self.forms().conflict())
            }
        }
    }

    /// Before ERP has been given a password nothing is lost by trying again; afterwards nobody knows
    /// what it made of it.
    fn heard_nothing(&mut self) -> Move {
        if self.secrets.is_some() || matches!(self.stage, Stage::Code | Stage::Conflict) {
            return Move::Unavailable;
        }
        self.stage = Stage::Roll;
        let told = "ERP is not answering. Nothing you typed was stored. Try again in a moment.";
        ask(Prompt {
            trouble: Some(told.into()),
            ..self.forms().roll()
        })
    }

    /// Password or answer was wrong.
    fn refused(&mut self, why: &'static str) -> Move {
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
        self.stage = Stage::Credentials;
    }

    /// A budget is spent that is not of this sign-in alone.
    pub(super) fn too_many(&mut self, wait: Duration) -> Move {
        self.secrets = None;
        let wait = Slowed(wait).in_words();
        over(format!("Too many attempts. Try again in {wait}."))
    }

    /// A code was sent to this roll number a moment ago, in another sign-in.
    pub(super) fn too_soon(&mut self, wait: Duration) -> Move {
        let wait = Slowed(wait).in_words();
        let told = format!("A code was sent to you less than a minute ago. Try again in {wait}.");
        if self.stage == Stage::Code {
            return ask(Prompt {
                trouble: Some(told.into()),
                ..self.forms().code()
            });
        }
        self.back_to_credentials();
        self.trouble(told)
    }

    /// At the password again, without anybody having been wrong.
    fn trouble(&self, told: impl Into<Cow<'static, str>>) -> Move {
        ask(Prompt {
            trouble: Some(told.into()),
            ..self.forms().credentials()
        })
    }

    fn forms(&self) -> Forms<'_> {
        Forms {
            roll: self.roll.as_ref(),
            question: self.question.as_deref(),
            has_ended_others: self.counts.restarts > 0,
            reask: self.reask,
        }
    }
}

fn ask(form: Prompt) -> Move {
    Move::Ask(Box::new(form))
}

fn refuse(why: &'static str, form: Prompt) -> Move {
    Move::Refuse(Refusal(why.into()), Some(Box::new(form)))
}

fn over(why: impl Into<Cow<'static, str>>) -> Move {
    Move::Refuse(Refusal(why.into()), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::erp::reply::SsoToken;

    const NOW: Moment = time::macros::datetime!(2026-11-21 12:00 UTC);
    const QUESTION: &str = "What was your first pet called?";

    /// A machine, the time, and what came of the last step.
    struct Walk {
        machine: Machine,
        now: Moment,
    }

    impl Walk {
        fn new() -> Self {
            Self {
                machine: Machine::new(false, NOW),
                now: NOW,
            }
        }

        fn types(&mut self, typed: &[(&str, &str)]) -> Move {
            let stage = self.machine.stage;
            let form = match stage {
                Stage::Roll => self.machine.forms().roll(),
                Stage::Credentials => self.machine.forms().credentials(),
                Stage::Code => self.machine.forms().code(),
                Stage::Conflict => self.machine.forms().conflict(),
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

        fn presses(&mut self, button: &'static str) -> Move {
            self.machine
                .answered(&Answers::instead_of(button), self.now)
        }

        fn hears(&mut self, heard: Heard) -> Move {
            self.machine.heard(heard, self.now)
        }

        fn credentials(&mut self) -> Move {
            self.types(&[(PASSWORD, "secret"), (ANSWER, "Bhola")])
        }

        fn code(&mut self) -> Move {
            self.types(&[(CODE, "123456")])
        }

        fn hears_of(&mut self, reply: CodeReply) -> Move {
            self.hears(Heard::Code(reply))
        }

        fn ends(&mut self, reply: SignInReply) -> Move {
            self.hears(Heard::SignedIn(reply))
        }

        /// As far as the password.
        fn at_credentials() -> Self {
            let mut walk = Self::new();
            assert!(matches!(
                walk.types(&[(ROLL, " 21cs10001 ")]),
                Move::Call(Call::Open)
            ));
            assert!(matches!(
                walk.hears(Heard::Opened),
                Move::Call(Call::Question)
            ));
            assert!(
                shows(&walk.hears(Heard::Question(Some(QUESTION.to_owned()))))
                    .contains(&QUESTION.to_owned())
            );
            walk
        }

        /// As far as the code.
        fn at_code() -> Self {
            let mut walk = Self::at_credentials();
            assert!(matches!(walk.credentials(), Move::Call(Call::SendCode)));
            assert_eq!(
                shows(&walk.hears_of(CodeReply::Sent)),
                ["Code from the mail"]
            );
            walk
        }
    }

    /// The labels of the form that is shown.
    fn shows(next: &Move) -> Vec<String> {
        let (Move::Ask(form) | Move::Refuse(_, Some(form))) = next else {
            return Vec::new();
        };
        form.inputs
            .iter()
            .map(|input| input.label.to_string())
            .collect()
    }

    fn trouble(next: &Move) -> String {
        match next {
            Move::Ask(form) => form.trouble.clone().unwrap_or_default().into(),
            _ => "no form".to_owned(),
        }
    }

    /// Why somebody was refused, and whether they may try again.
    fn refused(next: &Move) -> (&str, bool) {
        match next {
            Move::Refuse(why, again) => (&why.0, again.is_some()),
            _ => ("not refused", false),
        }
    }

    fn is_over(next: &Move) -> bool {
        matches!(next, Move::Refuse(_, None))
    }

    #[test]
    fn everything_right_is_four_calls_and_done() {
        let mut walk = Walk::at_code();
        assert_eq!(walk.machine.secrets(), Some(("secret", "Bhola")));
        let Move::Call(Call::SignIn(code)) = walk.types(&[(CODE, " 123 456 ")]) else {
            panic!("no call");
        };
        assert_eq!(code.as_str(), "123456");
        let token = SsoToken::parse("0123456789ABCDEF").unwrap();
        assert!(matches!(walk.ends(SignInReply::Token(token)), Move::Done));
        assert_eq!(walk.machine.roll().unwrap().as_str(), "21CS10001");
        // The password is gone as soon as it is of no use.
        assert!(walk.machine.secrets().is_none());
    }

    #[test]
    fn e25_what_is_no_roll_number_calls_nobody() {
        for bad in ["ABCS10001", "22C510001", "22CS1000", ""] {
            let mut walk = Walk::new();
            let next = walk.types(&[(ROLL, bad)]);
            let Move::Ask(form) = next else {
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
        let mut walk = Walk::new();
        walk.types(&[(ROLL, "99XX99999")]);
        walk.hears(Heard::Opened);
        let next = walk.hears(Heard::Question(None));
        assert_eq!(
            refused(&next),
            ("ERP does not know this roll number.", true)
        );
        assert_eq!(shows(&next), ["Roll number"]);
        assert!(matches!(
            walk.types(&[(ROLL, "21CS10001")]),
            Move::Call(Call::Open)
        ));
    }

    #[test]
    fn e19_later_forms_do_not_change_whose_sign_in_it_is() {
        let mut walk = Walk::at_credentials();
        walk.types(&[(PASSWORD, "secret"), (ANSWER, "Bhola"), (ROLL, "22EE30002")]);
        walk.hears_of(CodeReply::Sent);
        walk.types(&[(CODE, "123456"), (ROLL, "22EE30002")]);
        assert_eq!(walk.machine.roll().unwrap().as_str(), "21CS10001");
    }

    #[test]
    fn five_questions_are_all_there_are() {
        let mut walk = Walk::at_credentials();
        for _ in 1..5 {
            assert!(matches!(
                walk.presses(ANOTHER_QUESTION),
                Move::Call(Call::Question)
            ));
            walk.hears(Heard::Question(Some("Another?".to_owned())));
        }
        assert!(is_over(&walk.presses(ANOTHER_QUESTION)));
    }

    #[test]
    fn e06_e07_three_wrong_passwords_or_answers_end_it() {
        let mut walk = Walk::at_credentials();
        walk.credentials();
        let next = walk.hears_of(CodeReply::AnswerMismatch);
        assert_eq!(refused(&next), ("The answer was not accepted.", true));
        assert!(shows(&next).contains(&QUESTION.to_owned()));
        assert!(walk.machine.secrets().is_none());
        walk.credentials();
        let next = walk.hears_of(CodeReply::PasswordMismatch);
        assert_eq!(refused(&next), ("The ERP password was not accepted.", true));
        walk.credentials();
        assert!(is_over(&walk.hears_of(CodeReply::PasswordMismatch)));
    }

    #[test]
    fn e12_three_wrong_codes_end_it() {
        let mut walk = Walk::at_code();
        for _ in 0..2 {
            assert!(matches!(walk.code(), Move::Call(Call::SignIn(_))));
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
        let mut walk = Walk::at_code();
        for bad in ["", "12345", "1234567", "12345a", "१२३४५६"] {
            let Move::Ask(form) = walk.types(&[(CODE, bad)]) else {
                panic!("{bad} was sent")
            };
            assert!(form.inputs[0].error.is_some());
        }
        walk.code();
        assert!(!is_over(&walk.ends(SignInReply::CodeMismatch)));
    }

    #[test]
    fn another_code_comes_after_a_minute_and_three_are_all_there_are() {
        let mut walk = Walk::at_code();
        for _ in 1..3 {
            walk.now += Duration::from_secs(20);
            assert!(trouble(&walk.presses(SEND_AGAIN)).contains("40 seconds"));
            walk.now += Duration::from_secs(40);
            assert!(matches!(
                walk.presses(SEND_AGAIN),
                Move::Call(Call::SendCode)
            ));
            walk.hears_of(CodeReply::Sent);
        }
        walk.now += APART;
        assert!(is_over(&walk.presses(SEND_AGAIN)));
    }

    #[test]
    fn e10_what_erp_cannot_do_is_nobodys_fault() {
        let mut walk = Walk::at_credentials();
        for _ in 0..5 {
            walk.credentials();
            let next = walk.hears_of(CodeReply::NotSent);
            assert_eq!(
                trouble(&next),
                "ERP could not send the code. Try again later."
            );
            assert!(walk.machine.secrets().is_none());
        }
        // But it is not asked for ever.
        let mut next = walk.credentials();
        for _ in 0..MOST_CALLS {
            walk.hears_of(CodeReply::NotSent);
            next = walk.credentials();
        }
        assert!(is_over(&next));
    }

    #[test]
    fn e14_a_late_refusal_goes_back_a_step() {
        let mut walk = Walk::at_code();
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
        let mut walk = Walk::at_code();
        walk.code();
        let Move::Ask(form) = walk.ends(SignInReply::PreviousSession) else {
            panic!("not asked")
        };
        assert_eq!(form.submit, "End my other ERP session and try again");
        assert!(walk.machine.secrets().is_none());
        assert!(is_over(&walk.presses(LEAVE_IT)));

        let mut walk = Walk::at_code();
        walk.code();
        walk.ends(SignInReply::PreviousSession);
        assert!(matches!(walk.types(&[]), Move::Call(Call::EndOthers)));
        assert!(matches!(
            walk.hears(Heard::OthersEnded),
            Move::Call(Call::Open)
        ));
        assert!(matches!(
            walk.hears(Heard::Opened),
            Move::Call(Call::Question)
        ));
        walk.hears(Heard::Question(Some(QUESTION.to_owned())));
        assert!(matches!(walk.credentials(), Move::Call(Call::SendCode)));
        walk.hears_of(CodeReply::Sent);
        walk.code();
        assert!(is_over(&walk.ends(SignInReply::PreviousSession)));
    }

    #[test]
    fn silence_is_borne_until_a_password_was_sent() {
        let mut walk = Walk::new();
        walk.types(&[(ROLL, "21CS10001")]);
        let next = walk.hears(Heard::Silence);
        assert!(trouble(&next).starts_with("ERP is not answering."));
        assert_eq!(shows(&next), ["Roll number"]);
        let mut walk = Walk::at_credentials();
        walk.presses(ANOTHER_QUESTION);
        // Which question is the last one is not known now: it begins again.
        assert_eq!(shows(&walk.hears(Heard::Silence)), ["Roll number"]);

        let mut walk = Walk::at_credentials();
        walk.credentials();
        assert!(matches!(walk.hears(Heard::Silence), Move::Unavailable));
        let mut walk = Walk::at_code();
        walk.code();
        assert!(matches!(walk.hears(Heard::Silence), Move::Unavailable));
    }

    #[test]
    fn what_is_not_known_is_never_a_success() {
        for walk in [Walk::new(), Walk::at_credentials(), Walk::at_code()] {
            let mut walk = walk;
            assert!(matches!(
                walk.hears(Heard::Changed(Strange("x"))),
                Move::Changed("x")
            ));
            assert!(matches!(
                walk.hears(Heard::Odd(Strange("x"))),
                Move::Odd { met: "x", .. }
            ));
            assert!(matches!(walk.hears(Heard::Expired), Move::Expired));
        }
    }

    #[test]
    fn five_minutes_of_silence_and_ten_in_all_end_it() {
        let mut walk = Walk::at_credentials();
        walk.now += Duration::from_secs(301);
        assert!(matches!(walk.credentials(), Move::Expired));
        let mut walk = Walk::at_credentials();
        for _ in 0..2 {
            walk.now += Duration::from_secs(290);
            assert!(matches!(walk.presses(ANOTHER_QUESTION), Move::Call(_)));
            walk.hears(Heard::Question(Some(QUESTION.to_owned())));
        }
        walk.now += Duration::from_secs(290);
        assert!(matches!(walk.credentials(), Move::Expired));
    }

    #[test]
    fn a_blank_answer_is_not_sent() {
        let mut walk = Walk::at_credentials();
        let next = walk.types(&[(PASSWORD, "secret"), (ANSWER, "  ")]);
        let Move::Ask(form) = next else {
            panic!("sent")
        };
        assert_eq!(
            form.inputs[1].error.as_deref(),
            Some("Answer the security question.")
        );
    }

    #[test]
    fn a_password_that_is_asked_for_twice_is_not_held_in_between() {
        let mut walk = Walk {
            machine: Machine::new(true, NOW),
            now: NOW,
        };
        walk.types(&[(ROLL, "21CS10001")]);
        walk.hears(Heard::Opened);
        walk.hears(Heard::Question(Some(QUESTION.to_owned())));
        walk.credentials();
        let next = walk.hears_of(CodeReply::Sent);
        assert_eq!(
            shows(&next),
            ["ERP password", QUESTION, "Code from the mail"]
        );
        assert!(walk.machine.secrets().is_none());
        let typed = [(PASSWORD, "again"), (ANSWER, "Bhola"), (CODE, "123456")];
        assert!(matches!(walk.types(&typed), Move::Call(Call::SignIn(_))));
        assert_eq!(walk.machine.secrets(), Some(("again", "Bhola")));
        walk.ends(SignInReply::CodeMismatch);
        assert!(walk.machine.secrets().is_none());
        assert!(shows(&walk.presses(BACK)).contains(&QUESTION.to_owned()));
    }

    #[test]
    fn how_long_to_wait_for_what_others_spent_is_said() {
        let mut walk = Walk::at_credentials();
        assert_eq!(
            refused(&walk.machine.too_many(Duration::from_secs(91))).0,
            "Too many attempts. Try again in 2 minutes."
        );
        assert_eq!(
            refused(&walk.machine.too_many(Duration::from_secs(5))).0,
            "Too many attempts. Try again in 5 seconds."
        );
        let mut walk = Walk::at_credentials();
        walk.credentials();
        assert!(trouble(&walk.machine.too_soon(Duration::from_secs(30))).contains("30 seconds"));
        assert!(walk.machine.secrets().is_none());
    }
}
