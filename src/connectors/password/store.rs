//! SQL of passwords, which are PHC strings.

use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::PersonId;

/// The stored facts of an account.
pub(super) struct PasswordRecord {
    pub person: PersonId,
    pub is_suspended: bool,
    /// Of the moment at which `hash` was the person's.
    pub epoch: CredentialEpoch,
    pub hash: Option<String>,
}

pub(super) async fn find_account(
    db: impl Executor<'_>,
    username: &str,
) -> db::Result<Option<PasswordRecord>> {
    let row = sqlx::query!(
        r#"select p.id, p.suspended_at is not null as "is_suspended!", p.epoch, w.hash as "hash?"
           from people p left join passwords w on w.person_id = p.id
           where lower(p.username) = $1"#,
        fold(username)
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| PasswordRecord {
        person: PersonId(row.id),
        is_suspended: row.is_suspended,
        epoch: CredentialEpoch(row.epoch),
        hash: row.hash,
    }))
}

/// Usernames are ASCII and case-insensitive. They are folded here, because the database would also fold
/// some letters of other scripts to ASCII, and the rate limits would count one account as two.
fn fold(username: &str) -> String {
    username.trim().to_ascii_lowercase()
}

pub(super) async fn insert_password(
    db: impl Executor<'_>,
    person: PersonId,
    hash: &str,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "insert into passwords (person_id, hash, set_at) values ($1, $2, $3)
         on conflict (person_id) do update set hash = excluded.hash, set_at = excluded.set_at",
        person.0,
        hash,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Links the identity that belongs to a password.
pub(super) async fn insert_identity(
    db: impl Executor<'_>,
    provider: &str,
    person: PersonId,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "insert into linked_identities (provider, subject, person_id, linked_at) values ($1, $2, $3, $4)
         on conflict (provider, subject) do nothing",
        provider,
        person.to_string(),
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces `old` by a new hash of the same password, unless another password was set in the meantime.
pub(super) async fn mark_rehashed(
    db: impl Executor<'_>,
    person: PersonId,
    old: &str,
    new: &str,
) -> db::Result<()> {
    sqlx::query!(
        "update passwords set hash = $3 where person_id = $1 and hash = $2",
        person.0,
        old,
        new
    )
    .execute(db)
    .await?;
    Ok(())
}
