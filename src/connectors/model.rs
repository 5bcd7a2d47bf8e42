//! The values that connectors and the sign-in page exchange: prompts, answers, the parameters of a
//! callback, and the next step of a login.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::people::records::ExternalIdentity;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::rate_limits::BrowserKind;

/// When, from which address and from what kind of browser a request came, for rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    pub now: Timestamp,
    pub address: IpAddr,
    /// Known if it has signed in before to the account that the form names.
    pub browser: BrowserKind,
}

/// The text of a connector in lists of connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorLabel {
    pub text: &'static str,
    pub hint: Option<&'static str>,
}

/// Where a person starts who has never used this connector: a page of ours, and the text of the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstTimeLink {
    pub href: String,
    pub words: &'static str,
}

/// The next step of a login.
#[derive(Debug)]
pub enum Step<S> {
    /// Show this form. `state` comes back with the answers.
    Ask { prompt: Prompt, state: S },
    /// Send the browser to this address of the upstream, such as an OAuth authorization endpoint. It
    /// comes back to the connector's callback address, and `state` comes back with the parameters
    /// ([`Connector::resume`](super::Connector::resume)).
    ///
    /// The connector leaves the query parameter `state` out of `url`: the login adds it (RFC 6749
    /// §10.12), so that no connector can forget it.
    Redirect { url: Url, state: S },
    /// The person has proved this identity.
    Done(ExternalIdentity),
    /// The answers were wrong. With `retry`, another try is allowed.
    Refused {
        reason: LoginRefusal,
        retry: Option<(Prompt, S)>,
    },
}

/// The sentence that the person reads: what was wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRefusal(pub Cow<'static, str>);

impl LoginRefusal {
    /// One sentence for an unknown username, a wrong password and a suspended account, so that it does
    /// not tell which accounts exist.
    pub(super) fn of_username_and_password() -> Self {
        Self("Wrong username or password. Check both and try again.".into())
    }
}

/// Why the upstream gave neither a yes nor a no.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("the upstream does not answer")]
    Unavailable,
    /// Too many logins run at once. The person may retry after this span.
    #[error("too many sign-ins at once")]
    Busy(Duration),
    /// The upstream sent something that this connector does not understand. The circuit breaker disables
    /// the connector for everyone, because a guess could sign in the wrong person.
    #[error("the upstream has changed: {0}")]
    ProtocolMismatch(&'static str),
    /// The upstream sent something unknown that may come from one person's record or input. It ends this
    /// login only; the connector stays enabled.
    #[error("the upstream is odd about one person: {cause}")]
    UnexpectedUserData {
        cause: &'static str,
        message: &'static str,
    },
    /// The login attempt has ended.
    #[error("this sign-in has expired")]
    Expired,
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// One form of a login, as data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    pub heading: Cow<'static, str>,
    /// For instance what happens to the password.
    pub notice: Option<Cow<'static, str>>,
    /// An error that is not the person's fault. It does not count as a failed try.
    pub error: Option<Cow<'static, str>>,
    /// Where the person can put right what a [`Step::Refused`] with this prompt tells.
    pub error_link: Option<PromptLink>,
    /// The position of this form in a series of forms; empty for a single form.
    pub steps: StepList,
    pub inputs: Vec<Input>,
    /// Shown beside the captcha input.
    pub picture: Option<PromptPicture>,
    pub account: Option<AccountName>,
    /// Whether this form may be the last one before the session starts. It then offers "keep me signed in".
    pub offers_remember_me: bool,
    pub submit: Cow<'static, str>,
    /// Further buttons. Pressing one sends no inputs.
    pub alternatives: Vec<InputChoice>,
}

impl Prompt {
    /// The form of every connector that takes a username and a password.
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
            account: Some(AccountName::FromInput("username")),
            offers_remember_me: true,
            submit: "Sign in".into(),
            ..Self::default()
        }
    }
}

/// A link to a page of the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptLink {
    pub href: String,
    pub text: &'static str,
}

/// The name of the account a form is about. The rate limits count failed tries by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountName {
    /// The value of the input of this name.
    FromInput(&'static str),
    /// Known from an earlier form.
    Fixed(String),
}

pub type StepList = Vec<(Cow<'static, str>, StepState)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Done,
    Now,
    Later,
}

/// One input of a form. All inputs are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    pub name: &'static str,
    pub label: Cow<'static, str>,
    pub kind: InputKind,
    /// The initial value. Never rendered for a password.
    pub value: String,
    /// The `autocomplete` attribute of HTML, for password managers.
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

/// A picture the person has to read, such as a captcha.
#[derive(Clone, PartialEq, Eq)]
pub struct PromptPicture {
    /// Such as `image/png`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub alt: Cow<'static, str>,
}

impl fmt::Debug for PromptPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptPicture({})", self.alt)
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

/// The answers to a prompt. Wiped from memory when dropped, and never printed.
pub struct Answers {
    values: Vec<(&'static str, Zeroizing<String>)>,
    alternatives: Option<&'static str>,
}

impl Answers {
    /// Takes the value of each input of `prompt`, and nothing else.
    pub fn to(prompt: &Prompt, value_of: impl Fn(&str) -> String) -> Self {
        let answer = |input: &Input| (input.name, Zeroizing::new(value_of(input.name)));
        Self {
            values: prompt.inputs.iter().map(answer).collect(),
            alternatives: None,
        }
    }

    /// One of the buttons in [`Prompt::alternatives`] was pressed. There are no values.
    pub fn alternatives_for(value: &'static str) -> Self {
        Self {
            values: Vec::new(),
            alternatives: Some(value),
        }
    }

    /// The value of an input; empty if it has none.
    pub fn text(&self, name: &str) -> &str {
        let answer = self.values.iter().find(|(known, _)| *known == name);
        answer.map_or("", |(_, text)| text)
    }

    /// The button of [`Prompt::alternatives`] that was pressed.
    pub fn alternatives(&self) -> Option<&'static str> {
        self.alternatives
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(…)")
    }
}

/// The query parameters of a callback, without `state`. They hold an authorization code: wiped from
/// memory when dropped, and never printed.
pub struct CallbackParams(Vec<(Zeroizing<String>, Zeroizing<String>)>);

/// A callback carries one parameter twice. RFC 6749 §3.1 forbids it, and two readers of the same
/// query could choose different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a parameter of the callback was sent more than once")]
pub struct RepeatedCallbackParam;

impl CallbackParams {
    pub fn parse(query: &str) -> Result<Self, RepeatedCallbackParam> {
        let mut params: Vec<(Zeroizing<String>, Zeroizing<String>)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if params.iter().any(|(known, _)| **known == name) {
                return Err(RepeatedCallbackParam);
            }
            let (name, value) = (name.into_owned(), value.into_owned());
            params.push((Zeroizing::new(name), Zeroizing::new(value)));
        }
        Ok(Self(params))
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        let position = self.0.iter().position(|(known, _)| **known == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// The value of a parameter. Empty counts as absent (OAuth 2.1 §3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| **known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for CallbackParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackParams(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_hold_the_inputs_of_the_prompt_and_do_not_print() {
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

    #[test]
    fn a_callback_parameter_comes_once_and_does_not_print() {
        let mut params = CallbackParams::parse("state=s&code=a%20b&error=").unwrap();
        assert_eq!(params.take("state").unwrap().as_str(), "s");
        assert_eq!(params.get("state"), None);
        assert_eq!(params.get("code"), Some("a b"));
        assert_eq!(params.get("error"), None);
        assert_eq!(format!("{params:?}"), "CallbackParams(…)");
        for repeated in ["code=a&code=b", "code=a&code=a", "state=s&st%61te=s"] {
            let refused = CallbackParams::parse(repeated).unwrap_err();
            assert_eq!(refused, RepeatedCallbackParam, "{repeated}");
        }
    }
}
