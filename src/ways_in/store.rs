//! A person's sessions in the database.

use crate::db;
use crate::db::Executor;
use crate::id::PersonId;

/// Ends every session of a person but one.
pub(super) async fn delete_other_sessions(
    db: impl Executor<'_>,
    person: PersonId,
    but: &[u8],
) -> db::Result<()> {
    sqlx::query!(
        "delete from sessions where person_id = $1 and fingerprint <> $2",
        person.0,
        but
    )
    .execute(db)
    .await?;
    Ok(())
}
