//! Ending what apps hold when the person's way in has changed hands.

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// Ends every token of a person, with every app: a new password means that somebody else may have had
/// the old one (RFC 9700 §4.14.2). Grants stay: signing in again is enough.
pub async fn end_after_new_password(
    db: impl Executor<'_>,
    person: PersonId,
    now: Timestamp,
) -> db::Result<()> {
    store::mark_families_of_ended(db, person, "password_changed", now).await
}
