//! The four forms of a sign-in through ERP.

use std::borrow::Cow;

use super::roll_number::ErpRollNumber;
use crate::connectors::{AccountName, Input, InputChoice, InputKind, Prompt, StepState};

pub(super) const ROLL: &str = "roll";
pub(super) const PASSWORD: &str = "password";
pub(super) const ANSWER: &str = "answer";
pub(super) const CODE: &str = "code";
pub(super) const ANOTHER_QUESTION: &str = "another-question";
pub(super) const SEND_AGAIN: &str = "send-again";
pub(super) const BACK: &str = "back";
pub(super) const KEEP_OTHER_SESSION: &str = "leave-it";

/// The values that the forms of one sign-in show.
#[derive(Clone, Copy)]
pub(super) struct ErpForms<'a> {
    pub roll: Option<&'a ErpRollNumber>,
    pub question: Option<&'a str>,
    pub has_ended_others: bool,
    /// Whether the code's form asks for password and answer again.
    pub asks_credentials_again: bool,
}

impl ErpForms<'_> {
    /// Asks for the roll number.
    pub(super) fn roll_prompt(&self) -> Prompt {
        let mut roll = Input::new(ROLL, InputKind::Text, "Roll number", "username");
        self.roll_text().clone_into(&mut roll.value);
        roll.hint = Some("For example 21CS10001".into());
        Prompt {
            heading: HEADING.into(),
            notice: Some(
                "ERP will ask for your password, a security answer and a code it mails you. We pass \
                 them on to ERP, forget them within ten minutes and store none of them. Your \
                 institute may want them typed in ERP only: then sign in another way."
                    .into(),
            ),
            steps: steps(0),
            inputs: vec![roll],
            account: Some(AccountName::FromInput(ROLL)),
            submit: "Continue".into(),
            ..Prompt::default()
        }
    }

    /// Asks for the password and the answer to the security question.
    pub(super) fn credentials_prompt(&self) -> Prompt {
        Prompt {
            heading: HEADING.into(),
            notice: Some(
                format!(
                    "{}You are {}. Password and answer go to ERP and nowhere else; if they are \
                     right, it mails you a code.",
                    if self.has_ended_others {
                        "Your other ERP session is ended. "
                    } else {
                        ""
                    },
                    self.roll_text()
                )
                .into(),
            ),
            steps: steps(1),
            inputs: self.credential_inputs().into(),
            account: self.account(),
            submit: "Have ERP mail me a code".into(),
            alternatives: vec![button(ANOTHER_QUESTION, "Another question")],
            ..Prompt::default()
        }
    }

    fn credential_inputs(&self) -> [Input; 2] {
        let password = Input::new(
            PASSWORD,
            InputKind::Password,
            "ERP password",
            "current-password",
        );
        let mut answer = Input::new(ANSWER, InputKind::Password, "", "off");
        answer.label = self.question.unwrap_or_default().to_owned().into();
        answer.hint = Some("Your security question. Capitals and blanks may matter.".into());
        [password, answer]
    }

    /// Asks for the mailed code.
    pub(super) fn code_prompt(&self) -> Prompt {
        let mut code = Input::new(CODE, InputKind::Code, "Code from the mail", "one-time-code");
        code.hint = Some("Six digits, in a mail from ERP to the address it knows of you".into());
        let mut inputs = if self.asks_credentials_again {
            self.credential_inputs().to_vec()
        } else {
            Vec::new()
        };
        inputs.push(code);
        let alternatives = if self.asks_credentials_again {
            button(BACK, "Have another code mailed")
        } else {
            button(SEND_AGAIN, "Send the code again")
        };
        Prompt {
            heading: HEADING.into(),
            notice: Some(
                format!(
                    "You are {}. ERP has mailed you a code, which is good for a few minutes.",
                    self.roll_text()
                )
                .into(),
            ),
            steps: steps(2),
            inputs,
            account: self.account(),
            offers_remember_me: true,
            submit: "Sign in".into(),
            alternatives: vec![alternatives],
            ..Prompt::default()
        }
    }

    /// Asks whether to end the person's other ERP session.
    pub(super) fn conflict_prompt(&self) -> Prompt {
        Prompt {
            heading: "You are signed in to ERP elsewhere".into(),
            notice: Some(
                format!(
                    "ERP lets {} have one session at a time, and there is one already, perhaps in another tab. \
                     It can be ended from here: what you have not saved in it is lost. After that ERP wants your \
                     password, an answer and a new code.",
                    self.roll_text()
                )
                .into(),
            ),
            steps: steps(2),
            account: self.account(),
            submit: "End my other ERP session and try again".into(),
            alternatives: vec![button(KEEP_OTHER_SESSION, "Leave it open")],
            ..Prompt::default()
        }
    }

    fn roll_text(&self) -> &str {
        self.roll.map_or("", ErpRollNumber::as_str)
    }

    fn account(&self) -> Option<AccountName> {
        self.roll.map(|roll| AccountName::Fixed(roll.to_string()))
    }
}

const HEADING: &str = "Sign in with ERP";

/// The three steps; the one at index `current` is the present one.
fn steps(current: usize) -> Vec<(Cow<'static, str>, StepState)> {
    let labels = ["Roll number", "Password", "Code"];
    let state = |index: usize| match index.cmp(&current) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => StepState::Now,
        std::cmp::Ordering::Greater => StepState::Later,
    };
    labels
        .into_iter()
        .enumerate()
        .map(|(index, label)| (label.into(), state(index)))
        .collect()
}

fn button(value: &'static str, label: &'static str) -> InputChoice {
    InputChoice {
        value,
        label: label.into(),
    }
}

/// Sets the error of the input with this name.
pub(super) fn set_error(prompt: &mut Prompt, name: &str, error: &'static str) {
    for input in prompt.inputs.iter_mut().filter(|input| input.name == name) {
        input.error = Some(error.into());
    }
}
