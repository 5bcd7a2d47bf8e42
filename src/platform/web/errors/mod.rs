//! The three kinds of error response: a page for people ([`PageError`]), `{"detail": …}` of the user API
//! ([`ApiError`]), and the JSON of RFC 6749 §5.2 ([`OAuthErrorResponse`]).
//!
//! Internal causes are logged here, once, and are never part of a response.

mod api;
mod oauth;
mod page;

use std::error::Error;
use std::fmt;

pub use api::ApiError;
use axum::response::Response;
use http::{HeaderValue, header};
pub use oauth::OAuthErrorResponse;
pub(super) use page::ErrorPage;
pub use page::PageError;

/// `Retry-After` in seconds, when the database was not available.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Displays an error and its causes in one line, for the log.
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

fn set_retry_after(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}
