//! What adapters and the sign-in page say to each other.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::db;

/// Who stands before the form, as far as budgets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestOrigin {
    pub now: Timestamp,
    pub address: IpAddr,
}

/// How a way to sign in is called where ways are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorLabel {
    pub label: &'static str,
    pub hint: Option<&'static str>,
}

/// Where somebody begins who has never used a way to sign in: a page of ours, and the words that lead
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstTimeLink {
    pub href: String,
    pub words: &'static str,
}

/// What an adapter wants next.
#[derive(Debug)]
pub enum Step<S> {
    /// Show this form and remember this.
    Ask { prompt: Prompt, state: S },
    /// Proven.
    Done(ExternalIdentity),
    /// Wrong. With `again`, another try is allowed.
    Refused {
        why: LoginRefusal,
        again: Option<(Prompt, S)>,
    },
}

/// What the person is told: what was wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRefusal(pub Cow<'static, str>);

impl LoginRefusal {
    /// The same for a wrong name, a wrong password and an account that may not come in.
    pub(super) fn of_username_and_password() -> Self {
        Self("Wrong username or password. Check both and try again.".into())
    }
}

/// Why there is no answer, neither yes nor no.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("the upstream does not answer")]
    Unavailable,
    /// Too much to do here; come back after this span.
    #[error("too many sign-ins at once")]
    Busy(Duration),
    /// The upstream said something this adapter does not know: it must not guess, and is closed for everybody.
    #[error("the upstream has changed: {0}")]
    Changed(&'static str),
    /// The same where it may be one person's: what their record there holds, or what came of what they
    /// typed. It ends their sign-in, and closes the way for nobody else.
    #[error("the upstream is odd about one person: {met}")]
    Odd {
        met: &'static str,
        told: &'static str,
    },
    /// What was begun is over.
    #[error("this sign-in has expired")]
    Expired,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// One form of a sign-in, as data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    pub heading: Cow<'static, str>,
    /// For instance what happens to the password.
    pub notice: Option<Cow<'static, str>>,
    /// What went wrong without being anybody's fault. It costs no try.
    pub trouble: Option<Cow<'static, str>>,
    /// Where this form stands among several; empty for a single one.
    pub steps: StepResult,
    pub inputs: Vec<Input>,
    /// Stands at the input that is a captcha.
    pub picture: Option<PromptPicture>,
    pub account: Option<AccountName>,
    /// Whether this form may be the last, so that "keep me signed in" belongs on it.
    pub may_be_last: bool,
    pub submit: Cow<'static, str>,
    /// Further buttons, each of which stands for the whole form: what was typed is dropped.
    pub instead: Vec<InputChoice>,
}

impl Prompt {
    /// The form of every way that takes a username and a password.
    pub(super) fn username_and_password() -> Self {
        Self {
            heading: "Sign in".into(),
            inputs: vec![
                Input::new("username", InputKind::Text, "Username", "username"),
                Input::new(
                    "password",
                    InputKind::Password,
                    "Password",
                    "current-password",
                ),
            ],
            account: Some(AccountName::Typed("username")),
            may_be_last: true,
            submit: "Sign in".into(),
            ..Self::default()
        }
    }
}

/// The name of the account a form is about: failed tries count against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// What is typed into the input of this name.
    Typed(&'static str),
    /// Said in a form before.
    Known(String),
}

pub type StepResult = Vec<(Cow<'static, str>, StepState)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Done,
    Now,
    Later,
}

/// One question of a form. All are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    pub name: &'static str,
    pub label: Cow<'static, str>,
    pub kind: InputKind,
    /// What stands in it when the page opens. Never printed for a password.
    pub value: String,
    /// For password managers (HTML's `autocomplete` words).
    pub autocomplete: &'static str,
    pub hint: Option<Cow<'static, str>>,
    pub error: Option<Cow<'static, str>>,
    pub options: Vec<InputChoice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    Text,
    Password,
    Code,
    Captcha,
    Choice,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputChoice {
    pub value: &'static str,
    pub label: Cow<'static, str>,
}

/// A picture to read, such as a captcha.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptPicture {
    /// As `image/png`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub alt: Cow<'static, str>,
}

impl fmt::Debug for PromptPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({})", self.alt)
    }
}

impl Input {
    pub fn new(
        name: &'static str,
        kind: InputKind,
        label: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self {
            name,
            label: label.into(),
            kind,
            value: String::new(),
            autocomplete,
            hint: None,
            error: None,
            options: Vec::new(),
        }
    }
}

/// What was typed into a prompt. Wiped from memory when dropped, and never printed.
pub struct Answers {
    typed: Vec<(&'static str, Zeroizing<String>)>,
    instead: Option<&'static str>,
}

impl Answers {
    /// Takes what was typed for each input of `prompt`, and nothing else.
    pub fn to(prompt: &Prompt, typed: impl Fn(&str) -> String) -> Self {
        let answer = |input: &Input| (input.name, Zeroizing::new(typed(input.name)));
        Self {
            typed: prompt.inputs.iter().map(answer).collect(),
            instead: None,
        }
    }

    /// The press of a button of [`Prompt::instead`]. Nothing was typed.
    pub fn instead_of(value: &'static str) -> Self {
        Self {
            typed: Vec::new(),
            instead: Some(value),
        }
    }

    /// Empty if nothing was typed.
    pub fn text(&self, name: &str) -> &str {
        let answer = self.typed.iter().find(|(known, _)| *known == name);
        answer.map_or("", |(_, text)| text)
    }

    /// Which of the further buttons was pressed, if one was.
    pub fn instead(&self) -> Option<&'static str> {
        self.instead
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_hold_what_was_asked_and_do_not_print() {
        let prompt = Prompt {
            inputs: vec![Input::new(
                "password",
                InputKind::Password,
                "Password",
                "off",
            )],
            ..Prompt::default()
        };
        let answers = Answers::to(&prompt, |name| format!("typed {name}"));
        assert_eq!(answers.text("password"), "typed password");
        assert_eq!(answers.text("is_admin"), "");
        assert_eq!(format!("{answers:?}"), "Answers(…)");
    }
}
