//! Errors of the OAuth endpoints.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{ErrorChain, RETRY_AFTER_SECONDS, set_retry_after};
use crate::platform::db;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::set_no_store;

/// An error response of an OAuth endpoint (RFC 6749 §5.2).
#[derive(Debug)]
pub struct OAuthErrorResponse {
    status: StatusCode,
    error: &'static str,
    description: String,
    has_basic_challenge: bool,
    retry_after: Option<u64>,
}

impl OAuthErrorResponse {
    /// `description` is for the client's developer: printable ASCII without `"` and `\` (RFC 6749 §5.2).
    pub fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            has_basic_challenge: false,
            retry_after: None,
        }
    }

    /// Adds `WWW-Authenticate: Basic`, which a 401 must have (RFC 6749 §5.2).
    #[must_use]
    pub fn with_basic_challenge(mut self) -> Self {
        self.has_basic_challenge = true;
        self
    }

    pub fn rate_limited(limited: RateLimited) -> Self {
        let mut response = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "invalid_client",
            "Too many failed client authentications. Wait as long as Retry-After says.",
        );
        response.retry_after = Some(limited.seconds());
        response
    }
}

impl From<db::Error> for OAuthErrorResponse {
    fn from(error: db::Error) -> Self {
        if error.is_transient() {
            tracing::warn!(error = %ErrorChain(error.into()), "the database is not available");
            let mut response = Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "The service cannot reach its database. Try again in a few seconds.",
            );
            response.retry_after = Some(RETRY_AFTER_SECONDS);
            return response;
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
        let mut response = (self.status, Json(body)).into_response();
        if self.has_basic_challenge {
            let challenge = HeaderValue::from_static("Basic realm=\"profiles\", charset=\"UTF-8\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        set_retry_after(&mut response, self.retry_after);
        set_no_store(&mut response);
        response
    }
}
