//! The browser session: who is signed in, and since when.

use std::time::Duration;

use axum::extract::FromRequestParts;
use serde::{Deserialize, Serialize};
use tower_sessions::{Expiry, Session};

use super::{PageError, session_store};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::id::PersonId;

/// The person who is signed in, as the session stores it. Names are those at the time of sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    pub person: PersonId,
    /// The person's credential epoch. What the session begins carries it, and is compared with the person's
    /// when it ends.
    pub epoch: CredentialEpoch,
    pub username: String,
    /// The full name, or the username of a person without one.
    pub name: String,
    pub is_admin: bool,
    #[serde(with = "time::serde::timestamp")]
    pub signed_in_at: Timestamp,
    pub lifetime: SessionLifetime,
    /// The browser, as in [`super::PageContext::device`].
    #[serde(default)]
    pub device: Option<String>,
    /// The network, as in [`super::PageContext::place`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
pub enum SessionLifetime {
    /// Until the browser closes, at most a day, or less if unused.
    Browser,
    /// "Keep me signed in": a year.
    Remembered,
}

impl SessionLifetime {
    /// The longest a session may last, even if it is used.
    pub(super) fn max_age(self) -> Duration {
        match self {
            Self::Browser => Duration::from_hours(24),
            Self::Remembered => Duration::from_hours(8760),
        }
    }
}

/// The key in the session's data.
pub(super) const USER_SESSION: &str = "visit";

/// Signs a person in, under a new session id.
///
/// Security: an id from before the sign-in may be known to an attacker (session fixation).
pub async fn begin_session(session: &Session, user: &UserSession) -> Result<(), PageError> {
    session.clear().await;
    session.cycle_id().await.map_err(PageError::internal)?;
    session.set_expiry(Some(match user.lifetime {
        SessionLifetime::Browser => Expiry::OnSessionEnd,
        SessionLifetime::Remembered => Expiry::OnInactivity(
            user.lifetime
                .max_age()
                .try_into()
                .unwrap_or(time::Duration::MAX),
        ),
    }));
    session
        .insert(USER_SESSION, user)
        .await
        .map_err(PageError::internal)?;
    // The session layer saves it too, but responds with a bare 500 if the database is not available.
    let saved = session.save().await;
    if let Err(error) = &saved
        && session_store::is_superseded(error)
    {
        // The session layer must not try again.
        session.clear().await;
        return Err(PageError::superseded());
    }
    saved.map_err(PageError::internal)
}

/// Signs the person out: deletes the session from the database and the browser.
pub async fn end_session(session: &Session) -> Result<(), PageError> {
    session.flush().await.map_err(PageError::internal)
}

/// Extracts the session of a request, or fails with an error page.
pub(super) async fn extract_session<S: Send + Sync>(
    parts: &mut http::request::Parts,
    state: &S,
) -> Result<Session, PageError> {
    let session = Session::from_request_parts(parts, state).await;
    session.map_err(|(_, reason)| PageError::internal(std::io::Error::other(reason)))
}
