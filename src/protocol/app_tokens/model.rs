//! App tokens and their scopes.

use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, AppTokenId};
use crate::platform::secret::{Secret, SecretHash};

/// The beginning of every app token that expires, and of every fixed one. Secret scanners find one that is
/// committed by mistake, and a request for a person need not search for app tokens.
pub const PREFIX: &str = "pfa";
pub const FIXED_PREFIX: &str = "pfl";

/// Whether a token looks like one of an app.
pub fn is_app_token(token: &Secret) -> bool {
    let token = token.expose();
    token.starts_with(PREFIX) || token.starts_with(FIXED_PREFIX)
}

/// What an app may do for itself, without a person's grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppScope {
    /// Look up the mailbox of a roll number, of people who agreed.
    LookUps,
}

impl AppScope {
    pub const ALL: [Self; 1] = [Self::LookUps];

    /// In `scope` values (RFC 6749 §3.3).
    pub fn name(self) -> &'static str {
        match self {
            Self::LookUps => "look_ups",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A token that expires, without its text.
#[derive(Debug)]
pub struct AppToken {
    pub id: AppTokenId,
    pub app: AppId,
    pub hash: SecretHash,
    pub scope: AppScope,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}
