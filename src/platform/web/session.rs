//! Who is signed in, in this browser, since when.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tower_sessions::{Expiry, Session};

use super::PageError;
use crate::platform::clock::Timestamp;
use crate::platform::id::PersonId;

/// A signed-in visitor, as the session keeps them. The names are those of the sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    pub person: PersonId,
    pub username: String,
    /// What the page greets with: the full name, or the username where there is none.
    pub name: String,
    pub is_admin: bool,
    #[serde(with = "time::serde::timestamp")]
    pub signed_in_at: Timestamp,
    pub lifetime: SessionLifetime,
    /// What the browser said it is, as [`super::PageContext::device`] has it.
    #[serde(default)]
    pub device: Option<String>,
    /// What the campus calls the network it was in, as [`super::PageContext::place`] has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// How long a session lives.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
pub enum SessionLifetime {
    /// Until the browser closes, a while unused, or a day.
    Browser,
    /// "Keep me signed in": a year.
    Remembered,
}

impl SessionLifetime {
    /// The absolute end, however much it is used.
    pub(super) fn span(self) -> Duration {
        match self {
            Self::Browser => Duration::from_hours(24),
            Self::Remembered => Duration::from_hours(8760),
        }
    }
}

pub(super) const VISIT: &str = "visit";

/// Makes the browser's session this person's, under a new id: one that was known before the sign-in
/// must not become theirs (session fixation).
pub async fn begin(session: &Session, visit: &UserSession) -> Result<(), PageError> {
    session.clear().await;
    session.cycle_id().await.map_err(PageError::broken)?;
    session.set_expiry(Some(match visit.lifetime {
        SessionLifetime::Browser => Expiry::OnSessionEnd,
        SessionLifetime::Remembered => Expiry::OnInactivity(
            visit
                .lifetime
                .span()
                .try_into()
                .unwrap_or(time::Duration::MAX),
        ),
    }));
    session
        .insert(VISIT, visit)
        .await
        .map_err(PageError::broken)?;
    // The session's layer will save it too, but can only answer a bare 500 when the database is away.
    session.save().await.map_err(PageError::broken)
}

/// Forgets who was signed in, here and in the database.
pub async fn end(session: &Session) -> Result<(), PageError> {
    session.flush().await.map_err(PageError::broken)
}
