//! The form of a visit, as its page shows it.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::super::take_turn::PromptView;
use super::TOO_MANY;
use super::door::LoginRoute;
use super::purpose::LoginPurpose;
use super::shown::{
    FirstTimeView, LoginPage, OtherConnector, PictureView, PromptForm, StepIndicator,
};
use crate::connectors::Input;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::{RateLimited, UserSession};

const AGAIN_NOTICE: Cow<'static, str> =
    Cow::Borrowed("For your security, sign in again to continue.");

impl LoginRoute<'_> {
    pub(super) async fn ask(&self, asked: PromptView) -> Response {
        self.frame.show(&self.page(asked).await)
    }

    pub(super) async fn slow(&self, asked: PromptView, slowed: RateLimited) -> Response {
        self.measure(SignInOutcome::Slowed);
        tracing::warn!(upstream = self.way.slug(), "sign-ins are slowed");
        let mut page = self.page(asked).await;
        page.error = Some(format!("{TOO_MANY} Try again in {}.", slowed.in_words()));
        let mut answer = self.frame.show_with(StatusCode::TOO_MANY_REQUESTS, &page);
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(slowed.seconds()));
        answer
    }

    async fn page(&self, asked: PromptView) -> LoginPage {
        let Self { it, way, .. } = self;
        let links = it.web.links();
        let remembered = self.typed.is_some_and(|form| form.is_ticked("remember"));
        let app = match &self.next {
            Some(next) => it.signpost.app_ahead(next).await,
            None => None,
        };
        let PromptView {
            prompt,
            attempt,
            told,
        } = asked;
        let picture = prompt.picture.zip(attempt.as_deref());
        let picture = picture.map(|(picture, attempt)| PictureView {
            src: links.sign_in_picture(way.slug(), attempt),
            alt: picture.alt,
        });
        LoginPage {
            heading: prompt.heading,
            app,
            action: links.login_through(way.slug()),
            next: self
                .next
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            purpose: self.purpose.parameter(),
            steps: (prompt.steps.into_iter())
                .map(|(label, state)| StepIndicator { label, state })
                .collect(),
            notice: prompt.notice,
            purpose_notice: match self.purpose {
                LoginPurpose::SignIn => None,
                LoginPurpose::SignInAgain => Some(AGAIN_NOTICE),
                LoginPurpose::Link => self.frame.visit().map(link_notice),
            },
            error: told.or(prompt.trouble).map(Cow::into_owned),
            prompt: PromptForm {
                inputs: (prompt.inputs.into_iter())
                    .map(|input| self.filled(input))
                    .collect(),
                picture,
                remember: prompt.may_be_last && self.purpose != LoginPurpose::Link,
                remembered,
                submit: prompt.submit,
                instead: prompt.instead,
            },
            // Further on, it is not the first time.
            first_time: attempt.is_none().then(|| self.first_time()).flatten(),
            attempt,
            other_ways: self.other_ways(),
        }
    }

    fn first_time(&self) -> Option<FirstTimeView> {
        let first = self.way.first_time()?;
        Some(FirstTimeView {
            href: format!("{}{}", first.href, self.query()),
            words: first.words,
        })
    }

    fn other_ways(&self) -> Vec<OtherConnector> {
        let query = self.query();
        let ways = self.it.turns.ways.iter();
        ways.filter(|other| other.slug() != self.way.slug() && !self.has_closed(other))
            .map(|other| OtherConnector {
                label: other.face().label,
                hint: other.face().hint,
                href: format!("{}{query}", self.it.web.links().login_through(other.slug())),
            })
            .collect()
    }

    /// An input with what was typed into it, unless that is a secret.
    fn filled(&self, mut input: Input) -> Input {
        use crate::connectors::InputKind::{Choice, Text};
        if let Some(form) = self.typed.filter(|_| matches!(input.kind, Text | Choice)) {
            input.value = form.text(input.name).trim().to_owned();
        }
        input
    }
}

fn link_notice(visit: &UserSession) -> Cow<'static, str> {
    let name = &visit.name;
    let text = format!(
        "You are signed in as {name}. Prove that this is yours too, and it becomes a further way to \
         sign in to the same account."
    );
    text.into()
}
