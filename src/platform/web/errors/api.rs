//! Errors of the user API.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{ErrorChain, RETRY_AFTER_SECONDS, set_retry_after};
use crate::platform::db;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::set_no_store;

/// An error of the user API: `{"detail": …}`, as old clients expect, with the challenge of RFC 6750 §3 if
/// the access token was not accepted.
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

    /// The database is not available; the same request may succeed in a few seconds.
    pub fn unavailable() -> Self {
        let mut response = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service cannot reach its database. Try again in a few seconds.",
        );
        response.retry_after = Some(RETRY_AFTER_SECONDS);
        response
    }

    /// A rate limit was reached.
    pub fn rate_limited(limited: RateLimited, detail: impl Into<String>) -> Self {
        let mut response = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        response.retry_after = Some(limited.seconds());
        response
    }

    /// Adds a `WWW-Authenticate: Bearer` header with these parameters.
    #[must_use]
    pub fn challenge(mut self, parameters: &str) -> Self {
        self.challenge = Some(format!("Bearer {parameters}"));
        self
    }
}

impl From<db::Error> for ApiError {
    fn from(error: db::Error) -> Self {
        if error.is_transient() {
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
        let mut response = (self.status, Json(json!({ "detail": self.detail }))).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        set_retry_after(&mut response, self.retry_after);
        set_no_store(&mut response);
        response
    }
}
