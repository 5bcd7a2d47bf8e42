//! Ends a person's tokens when their credentials change.

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// Ends every token of a person, with every app, because the old password may have been in other hands (RFC
/// 9700 §4.14.2). Grants stay: signing in again is enough.
pub async fn revoke_tokens_of_person(
    db: impl Executor<'_>,
    person: PersonId,
    now: Timestamp,
) -> db::Result<()> {
    store::mark_families_of_ended(db, person, "password_changed", now).await
}
