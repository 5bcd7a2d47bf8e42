//! The data of the sign-in page.

use std::borrow::Cow;

use serde::Serialize;

use super::super::RequestingClient;
use crate::connectors::{Input, InputChoice, PromptLink, StepState};
use crate::platform::web::{FormAction, Page};

/// One form of a login.
#[derive(Debug, Serialize)]
pub(super) struct LoginPage {
    pub heading: Cow<'static, str>,
    pub app: Option<RequestingClient>,
    pub action: String,
    pub next: String,
    pub attempt: Option<String>,
    pub steps: Vec<StepIndicator>,
    /// The parameter of the purpose, for a person who is signed in.
    pub purpose: Option<&'static str>,
    pub purpose_notice: Option<Cow<'static, str>>,
    pub notice: Option<Cow<'static, str>>,
    pub error: Option<String>,
    pub error_link: Option<PromptLink>,
    pub prompt: PromptForm,
    pub first_time: Option<FirstTimeView>,
    pub other_ways: Vec<OtherConnector>,
}

/// Where a person starts who has not used this connector before.
#[derive(Debug, Serialize)]
pub(super) struct FirstTimeView {
    pub href: String,
    pub words: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct StepIndicator {
    pub label: Cow<'static, str>,
    pub state: StepState,
}

#[derive(Debug, Serialize)]
pub(super) struct PromptForm {
    pub inputs: Vec<Input>,
    pub picture: Option<PictureView>,
    pub remember: bool,
    pub remembered: bool,
    pub submit: Cow<'static, str>,
    pub alternatives: Vec<InputChoice>,
}

#[derive(Debug, Serialize)]
pub(super) struct PictureView {
    pub src: String,
    pub alt: Cow<'static, str>,
}

#[derive(Debug, Serialize)]
pub(super) struct OtherConnector {
    pub label: &'static str,
    pub hint: Option<&'static str>,
    pub href: String,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "login/ask.html";

    fn title(&self) -> String {
        "Sign in".to_owned()
    }

    /// The form may lead to an upstream or, past the consent page, to an app: browsers apply `form-action`
    /// to the redirects that follow, too.
    fn form_action(&self) -> FormAction {
        FormAction::Anywhere
    }
}

/// The last answers are still being checked.
#[derive(Debug, Serialize)]
pub(super) struct LoginBusyPage {
    pub href: String,
}

impl Page for LoginBusyPage {
    const TEMPLATE: &'static str = "login/busy.html";

    fn title(&self) -> String {
        "Still working".to_owned()
    }
}

#[cfg(test)]
pub(in super::super) mod samples {
    use super::*;
    use crate::connectors::InputKind;
    use crate::platform::web::PageSample;

    pub(crate) fn samples() -> Vec<PageSample> {
        let password = Input::new("password", InputKind::Password, "Password", "off");
        let first = ask(vec![password], false);
        let further = ask(every_kind(), true);
        vec![
            PageSample::of(&first),
            PageSample::of(&further),
            PageSample::of(&LoginBusyPage {
                href: "/account/login/erp/?attempt=a".to_owned(),
            }),
        ]
    }

    /// An input of each kind, half of them with a hint and an error.
    fn every_kind() -> Vec<Input> {
        use InputKind::{Captcha, Code};
        let plain = [InputKind::Text, InputKind::Password, Code, Captcha].map(|kind| {
            let mut input = Input::new("input", kind, "What it asks", "off");
            input.value = "typed".to_owned();
            input
        });
        let mut choice = Input::new("choice", InputKind::Choice, "One of them", "off");
        choice.options = vec![InputChoice {
            value: "a",
            label: "The first".into(),
        }];
        let plain = plain.into_iter().chain([choice]);
        let wrong = plain.clone().map(|mut input| {
            input.hint = Some("As on your card.".into());
            input.error = Some("This field is required.".into());
            input
        });
        plain.chain(wrong).collect()
    }

    fn ask(inputs: Vec<Input>, full: bool) -> LoginPage {
        let text = |text: &'static str| full.then(|| text.into());
        let steps = [StepState::Done, StepState::Now, StepState::Later];
        let steps = steps.map(|state| StepIndicator {
            label: "Roll number".into(),
            state,
        });
        let connector = |hint| OtherConnector {
            label: "Campus portal",
            hint,
            href: "/account/login/erp/".to_owned(),
        };
        let button = InputChoice {
            value: "again",
            label: "Send another code".into(),
        };
        LoginPage {
            heading: "Sign in".into(),
            app: full.then(|| RequestingClient {
                name: "Mess Menu".to_owned(),
                initial: "M".to_owned(),
                logo: None,
                is_verified: false,
            }),
            action: "/account/login/password/".to_owned(),
            next: if full { "/user/" } else { "" }.to_owned(),
            attempt: full.then(|| "name".to_owned()),
            steps: steps.into_iter().filter(|_| full).collect(),
            purpose: full.then_some("link"),
            purpose_notice: text("You are signed in."),
            notice: text("Your password goes to the portal."),
            error: full.then(|| "That is wrong.".to_owned()),
            error_link: full.then(|| PromptLink {
                href: "https://id.campus.example/password".to_owned(),
                text: "Change the password of your campus account",
            }),
            prompt: PromptForm {
                inputs,
                picture: full.then(|| PictureView {
                    src: "/captcha".to_owned(),
                    alt: "Six letters".into(),
                }),
                remember: true,
                remembered: full,
                submit: "Sign in".into(),
                alternatives: if full { vec![button] } else { Vec::new() },
            },
            first_time: full.then(|| FirstTimeView {
                href: "/association/".to_owned(),
                words: "First time here?",
            }),
            other_ways: if full {
                vec![connector(None), connector(Some("with a code"))]
            } else {
                Vec::new()
            },
        }
    }
}
