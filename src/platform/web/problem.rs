//! The three answers to trouble: a page for people, JSON for readers of the user API, JSON in OAuth's
//! own words. What went wrong inside is logged here, once, and never told outside.

use std::error::Error;
use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use super::headers::no_store;
use super::{Page, RateLimited};
use crate::platform::db;

/// Seconds after which the same request may work again when the database was not there.
const COME_BACK: u64 = 5;
/// Nobody sits before a page for longer than this.
const A_WHILE: std::time::Duration = std::time::Duration::from_mins(2);

/// An error and its causes in one line, for the log.
#[derive(Debug)]
pub struct ErrorChain(Box<dyn Error + Send + Sync>);

impl ErrorChain {
    pub fn of(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for ErrorChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Trouble told to a person: what happened and what to do.
#[derive(Debug, Clone)]
pub struct PageError {
    status: StatusCode,
    told: Box<ErrorText>,
    retry_after: Option<u64>,
}

/// What happened, and what to do.
#[derive(Debug, Clone, Serialize)]
struct ErrorText {
    heading: String,
    text: String,
    what_to_do: Vec<String>,
    back: Option<BackLink>,
}

/// The page of a problem.
#[derive(Debug, Serialize)]
pub(super) struct ErrorPage<'a> {
    #[serde(flatten)]
    told: &'a ErrorText,
    status: u16,
    /// For whoever looks into it; none where the trouble is not ours.
    request_id: Option<&'a str>,
}

impl Page for ErrorPage<'_> {
    const TEMPLATE: &'static str = "problem.html";

    fn title(&self) -> String {
        self.told.heading.clone()
    }
}

#[derive(Debug, Clone, Serialize)]
struct BackLink {
    href: String,
    label: String,
}

impl PageError {
    pub fn new(status: StatusCode, heading: impl Into<String>, text: impl Into<String>) -> Self {
        let told = Box::new(ErrorText {
            heading: heading.into(),
            text: text.into(),
            what_to_do: Vec::new(),
            back: None,
        });
        Self {
            status,
            told,
            retry_after: None,
        }
    }

    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Page not found",
            "This page does not exist, or you do not have access to it.",
        )
        .advise("Check the address, or start again from the home page.")
    }

    /// Too often.
    pub fn slowed(slowed: RateLimited, what: &str) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", what)
            .advise(format!("Try again in {}.", slowed.in_words()));
        problem.retry_after = Some(slowed.seconds());
        problem
    }

    /// Not now: the same request may work in a moment.
    pub fn unavailable() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available right now",
            "The service cannot reach its database.",
        )
        .advise("Wait a few seconds and reload this page.");
        problem.retry_after = Some(COME_BACK);
        problem
    }

    /// Not now, for a reason of its own: come back after a span.
    pub fn unavailable_for(after: std::time::Duration, why: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut problem = Self::new(status, "Not available right now", why);
        let wait = RateLimited(after);
        if after < A_WHILE {
            problem = problem.advise(format!("Wait {} and try again.", wait.in_words()));
        }
        problem.retry_after = Some(wait.seconds());
        problem
    }

    /// Ours to mend. Logs why, tells the visitor only that.
    pub fn broken(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let why = why.into();
        if let Some(error) = why.downcast_ref()
            && super::session_store::is_passing(error)
        {
            return Self::unavailable();
        }
        tracing::error!(error = %ErrorChain(why), "a page failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "This is an error of the service, not of your input.",
        )
        .advise("Try again. If it happens again, contact the people who run this service, with the request ID below.")
    }

    /// Adds a thing the visitor can do.
    #[must_use]
    pub fn advise(mut self, what: impl Into<String>) -> Self {
        self.told.what_to_do.push(what.into());
        self
    }

    /// Adds the way back.
    #[must_use]
    pub fn back(mut self, href: impl Into<String>, label: impl Into<String>) -> Self {
        self.told.back = Some(BackLink {
            href: href.into(),
            label: label.into(),
        });
        self
    }

    /// As its page shows it, to a visitor whose request has this id.
    pub(super) fn page<'a>(&'a self, request_id: Option<&'a str>) -> ErrorPage<'a> {
        ErrorPage {
            told: &self.told,
            status: self.status.as_u16(),
            request_id: request_id.filter(|_| self.status.is_server_error()),
        }
    }
}

impl From<db::Error> for PageError {
    fn from(error: db::Error) -> Self {
        if error.is_passing() {
            tracing::warn!(error = %ErrorChain(error.into()), "the database is not available");
            return Self::unavailable();
        }
        Self::broken(error)
    }
}

impl IntoResponse for PageError {
    /// Bears itself outwards: the shell has the templates and renders it there.
    fn into_response(self) -> Response {
        let mut answer = self.status.into_response();
        retry_after(&mut answer, self.retry_after);
        answer.extensions_mut().insert(self);
        answer
    }
}

/// Trouble told to a reader of the user API: `{"detail": …}`, as old clients expect, with the
/// challenge of RFC 6750 §3 where a token is the matter.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: String,
    challenge: Option<String>,
    retry_after: Option<u64>,
}

impl ApiError {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            challenge: None,
            retry_after: None,
        }
    }

    /// Not now: the same request may work in a moment.
    pub fn unavailable() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service cannot reach its database. Try again in a few seconds.",
        );
        problem.retry_after = Some(COME_BACK);
        problem
    }

    /// Too often: come back after a span.
    pub fn slowed(slowed: RateLimited, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        problem.retry_after = Some(slowed.seconds());
        problem
    }

    /// With a `WWW-Authenticate: Bearer` header of these parameters.
    #[must_use]
    pub fn challenge(mut self, parameters: &str) -> Self {
        self.challenge = Some(format!("Bearer {parameters}"));
        self
    }
}

impl From<db::Error> for ApiError {
    fn from(error: db::Error) -> Self {
        if error.is_passing() {
            tracing::warn!(error = %ErrorChain(error.into()), "the database is not available");
            return Self::unavailable();
        }
        tracing::error!(error = %ErrorChain(error.into()), "the user API failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something here is broken. It is not your fault.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = (self.status, Json(json!({ "detail": self.detail }))).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            answer
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        retry_after(&mut answer, self.retry_after);
        no_store(&mut answer);
        answer
    }
}

/// Trouble told to a client in the words of RFC 6749 §5.2.
#[derive(Debug)]
pub struct OAuthErrorResponse {
    status: StatusCode,
    error: &'static str,
    description: String,
    basic: bool,
    retry_after: Option<u64>,
}

impl OAuthErrorResponse {
    /// `description` goes to the client's developer: printable ASCII without `"` and `\`.
    pub fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            basic: false,
            retry_after: None,
        }
    }

    /// With `WWW-Authenticate: Basic`, which a 401 owes the client.
    #[must_use]
    pub fn ask_basic(mut self) -> Self {
        self.basic = true;
        self
    }

    pub fn slowed(slowed: RateLimited) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "invalid_client",
            "Too many failed client authentications. Wait as long as Retry-After says.",
        );
        problem.retry_after = Some(slowed.seconds());
        problem
    }
}

impl From<db::Error> for OAuthErrorResponse {
    fn from(error: db::Error) -> Self {
        if error.is_passing() {
            tracing::warn!(error = %ErrorChain(error.into()), "the database is not available");
            let mut problem = Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The service cannot reach its database. Try again in a few seconds.",
            );
            problem.retry_after = Some(COME_BACK);
            return problem;
        }
        tracing::error!(error = %ErrorChain(error.into()), "an OAuth endpoint failed");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(
            status,
            "server_error",
            "Something here is broken. It is not your fault.",
        )
    }
}

impl IntoResponse for OAuthErrorResponse {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut answer = (self.status, Json(body)).into_response();
        if self.basic {
            let challenge = HeaderValue::from_static("Basic realm=\"profiles\", charset=\"UTF-8\"");
            answer
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        retry_after(&mut answer, self.retry_after);
        no_store(&mut answer);
        answer
    }
}

fn retry_after(answer: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
