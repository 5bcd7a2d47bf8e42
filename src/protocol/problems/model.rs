//! A refused request, as its app's owner sees it.

use crate::platform::clock::Timestamp;

/// The endpoint that refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OAuthEndpoint {
    Authorize,
    Token,
    Revoke,
}

impl OAuthEndpoint {
    /// As it stands in the log, in the metrics and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Revoke => "revoke",
        }
    }
}

/// A cause of refusals: a row of an endpoint's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemCause {
    /// The word in the log, the metrics and the database: `pkce_mismatch`.
    pub name: &'static str,
    /// For the app's owner: what went wrong and what to do.
    pub sentence: &'static str,
}

/// A refusal that was kept.
#[derive(Debug, Clone)]
pub struct AppProblem {
    pub at: Timestamp,
    /// As in [`OAuthEndpoint::as_str`].
    pub endpoint: String,
    /// As in [`ProblemCause::name`].
    pub cause: String,
}
