//! The page with the form of a login.

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::super::login_flows::PromptView;
use super::super::purpose::LoginPurpose;
use super::TOO_MANY;
use super::login_request::LoginRequest;
use super::views::{
    FirstTimeView, LoginPage, OtherConnector, PictureView, PromptForm, StepIndicator,
};
use crate::connectors::Input;
use crate::platform::metrics::SignInOutcome;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::UserSession;

const AGAIN_NOTICE: Cow<'static, str> =
    Cow::Borrowed("For your security, sign in again to continue.");

const OUT_OF_DATE: &str = "This page was out of date, so you are not signed in yet. Fill it in again. If this comes \
                           up every time, allow cookies for this site.";

impl LoginRequest<'_> {
    pub(super) async fn render_prompt(&self, view: PromptView) -> Response {
        self.context.render(&self.build_page(view).await)
    }

    /// The same form with 429: the rate limit refuses this try.
    pub(super) async fn render_rate_limited(
        &self,
        view: PromptView,
        limited: RateLimited,
    ) -> Response {
        self.count_outcome(SignInOutcome::RateLimited);
        tracing::warn!(upstream = self.connector.slug(), "sign-ins are slowed");
        let mut page = self.build_page(view).await;
        page.error = Some(format!("{TOO_MANY} Try again in {}.", limited.in_words()));
        let mut response = self
            .context
            .render_with_status(StatusCode::TOO_MANY_REQUESTS, &page);
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(limited.seconds()));
        response
    }

    /// The first form with 403 and what was typed, except secrets: its CSRF token is out of date, because another tab
    /// signed in or out meanwhile, or cookies were deleted.
    pub(super) async fn render_out_of_date(&self, view: PromptView) -> Response {
        let mut page = self.build_page(view).await;
        page.error = Some(OUT_OF_DATE.to_owned());
        self.context
            .render_with_status(StatusCode::FORBIDDEN, &page)
    }

    async fn build_page(&self, view: PromptView) -> LoginPage {
        let Self {
            feature,
            connector,
            choices,
            ..
        } = self;
        let links = feature.web.links();
        let app = match &choices.next {
            Some(next) => feature.client_lookup.find_requesting_client(next).await,
            None => None,
        };
        let PromptView {
            prompt,
            attempt,
            error,
        } = view;
        let picture = prompt.picture.zip(attempt.as_deref());
        let picture = picture.map(|(picture, attempt)| PictureView {
            src: links.captcha(connector.slug(), attempt),
            alt: picture.alt,
        });
        LoginPage {
            heading: prompt.heading,
            app,
            action: links.login_with(connector.slug()),
            next: choices
                .next
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            purpose: choices.purpose.parameter(),
            steps: (prompt.steps.into_iter())
                .map(|(label, state)| StepIndicator { label, state })
                .collect(),
            notice: prompt.notice,
            purpose_notice: match choices.purpose {
                LoginPurpose::SignIn => None,
                LoginPurpose::SignInAgain => Some(AGAIN_NOTICE),
                LoginPurpose::Link => self.context.user_session().map(link_notice),
            },
            error: error.or(prompt.error).map(Cow::into_owned),
            error_link: prompt.error_link,
            prompt: PromptForm {
                inputs: (prompt.inputs.into_iter())
                    .map(|input| self.refill(input))
                    .collect(),
                picture,
                remember: prompt.offers_remember_me && choices.purpose != LoginPurpose::Link,
                remembered: choices.remember,
                submit: prompt.submit,
                alternatives: prompt.alternatives,
            },
            // Only on the first form.
            first_time: attempt.is_none().then(|| self.first_time()).flatten(),
            attempt,
            other_ways: self.other_ways(),
        }
    }

    fn first_time(&self) -> Option<FirstTimeView> {
        let first = self.connector.first_time_link()?;
        Some(FirstTimeView {
            href: format!("{}{}", first.href, self.query()),
            words: first.words,
        })
    }

    fn other_ways(&self) -> Vec<OtherConnector> {
        let query = self.query();
        let links = self.feature.web.links();
        let connectors = self.feature.flows.connectors.iter();
        connectors
            .filter(|other| other.slug() != self.connector.slug() && !self.has_disabled(other))
            .map(|other| OtherConnector {
                label: other.label().text,
                hint: other.label().hint,
                href: format!("{}{query}", links.login_with(other.slug())),
            })
            .collect()
    }

    /// An input with the value that was sent, unless that is a secret.
    fn refill(&self, mut input: Input) -> Input {
        use crate::connectors::InputKind::{Choice, Text};
        if let Some(form) = self.form.filter(|_| matches!(input.kind, Text | Choice)) {
            input.value = form.text(input.name).trim().to_owned();
        }
        input
    }
}

fn link_notice(session: &UserSession) -> Cow<'static, str> {
    let name = &session.name;
    let text = format!(
        "You are signed in as {name}. Prove that this is yours too, and it becomes a further way to \
         sign in to the same account."
    );
    text.into()
}
