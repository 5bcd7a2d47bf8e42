//! Error pages for people.

use std::error::Error;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::{ErrorChain, RETRY_AFTER_SECONDS, set_retry_after};
use crate::platform::db;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::{Page, session_store};

/// A page advises to wait only for less than this; a longer wait is not worth it.
const LONGEST_ADVISED_WAIT: Duration = Duration::from_mins(2);

/// An error page: what happened, and what the person can do.
#[derive(Debug, Clone)]
pub struct PageError {
    status: StatusCode,
    text: Box<ErrorText>,
    retry_after: Option<u64>,
}

/// The text of an error page.
#[derive(Debug, Clone, Serialize)]
struct ErrorText {
    heading: String,
    text: String,
    what_to_do: Vec<String>,
    back: Option<BackLink>,
}

/// The page of an error.
#[derive(Debug, Serialize)]
pub(in crate::platform::web) struct ErrorPage<'a> {
    #[serde(flatten)]
    text: &'a ErrorText,
    status: u16,
    /// For the operators; `None` unless the error is the server's.
    request_id: Option<&'a str>,
}

impl Page for ErrorPage<'_> {
    const TEMPLATE: &'static str = "error.html";

    fn title(&self) -> String {
        self.text.heading.clone()
    }
}

#[derive(Debug, Clone, Serialize)]
struct BackLink {
    href: String,
    label: String,
}

impl PageError {
    pub fn new(status: StatusCode, heading: impl Into<String>, text: impl Into<String>) -> Self {
        let text = Box::new(ErrorText {
            heading: heading.into(),
            text: text.into(),
            what_to_do: Vec::new(),
            back: None,
        });
        Self {
            status,
            text,
            retry_after: None,
        }
    }

    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Page not found",
            "This page does not exist, or you do not have access to it.",
        )
        .with_advice("Check the address, or start again from the home page.")
    }

    /// A rate limit was reached; `text` says of what.
    pub fn rate_limited(limited: RateLimited, text: &str) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many attempts", text)
            .with_advice(format!("Try again in {}.", limited.in_words()));
        error.retry_after = Some(limited.seconds());
        error
    }

    /// The database is not available; the same request may succeed in a few seconds.
    pub fn unavailable() -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available right now",
            "The service cannot reach its database.",
        )
        .with_advice("Wait a few seconds and reload this page.");
        error.retry_after = Some(RETRY_AFTER_SECONDS);
        error
    }

    /// The service is not available for `after`, for another reason.
    pub fn unavailable_for(after: Duration, why: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut error = Self::new(status, "Not available right now", why);
        let wait = RateLimited(after);
        if after < LONGEST_ADVISED_WAIT {
            error = error.with_advice(format!("Wait {} and try again.", wait.in_words()));
        }
        error.retry_after = Some(wait.seconds());
        error
    }

    /// A credential event ended what this request belongs to.
    pub fn superseded() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Sign in again",
            "The password, the sign-in methods or the sessions of this account were changed before this was finished. \
             Nothing was saved.",
        )
        .with_advice("Sign in, and start again.")
    }

    /// An internal error. Logs the cause; the page only says that something is broken.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        if let Some(error) = cause.downcast_ref()
            && session_store::is_transient(error)
        {
            return Self::unavailable();
        }
        tracing::error!(error = %ErrorChain(cause), "a page failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "This is an error of the service, not of your input.",
        )
        .with_advice("Try again. If it happens again, contact the people who run this service, with the request ID below.")
    }

    /// Adds something that the person can do.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.text.what_to_do.push(advice.into());
        self
    }

    /// Adds a link back.
    #[must_use]
    pub fn with_back_link(mut self, href: impl Into<String>, label: impl Into<String>) -> Self {
        self.text.back = Some(BackLink {
            href: href.into(),
            label: label.into(),
        });
        self
    }

    /// The page to render, for the request with this id.
    pub(in crate::platform::web) fn page<'a>(
        &'a self,
        request_id: Option<&'a str>,
    ) -> ErrorPage<'a> {
        ErrorPage {
            text: &self.text,
            status: self.status.as_u16(),
            request_id: request_id.filter(|_| self.status.is_server_error()),
        }
    }
}

impl From<db::Error> for PageError {
    fn from(error: db::Error) -> Self {
        if error.is_transient() {
            tracing::warn!(error = %ErrorChain(error.into()), "the database is not available");
            return Self::unavailable();
        }
        Self::internal(error)
    }
}

impl IntoResponse for PageError {
    /// Attaches the error to the response. The middleware has the templates and renders it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        set_retry_after(&mut response, self.retry_after);
        response.extensions_mut().insert(self);
        response
    }
}
