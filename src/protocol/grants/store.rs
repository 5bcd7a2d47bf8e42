//! Grants in the database.

use super::ConsentRecord;
use crate::people::fields::FieldSet;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, AuditId, GrantId, PersonId};
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// How many people an app serves, with its row locked until the transaction ends.
#[derive(Debug)]
pub(super) struct UserCount {
    pub owner: PersonId,
    pub is_verified: bool,
    pub is_suspended: bool,
    pub admitted: i32,
}

pub(super) async fn lock_user_count(
    db: impl Executor<'_>,
    app: AppId,
) -> db::Result<Option<UserCount>> {
    let row = sqlx::query!(
        r#"select owner_id, verified_at is not null as "is_verified!",
                  suspended_at is not null as "is_suspended!", user_count
           from apps where id = $1 for update"#,
        app.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| UserCount {
        owner: PersonId(row.owner_id),
        is_verified: row.is_verified,
        is_suspended: row.is_suspended,
        admitted: row.user_count,
    }))
}

pub(super) async fn increment_user_count(db: impl Executor<'_>, app: AppId) -> db::Result<()> {
    sqlx::query!(
        "update apps set user_count = user_count + 1 where id = $1",
        app.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The newest grant of a person and an app, live or ended.
#[derive(Debug)]
pub(super) struct LatestGrant {
    pub id: GrantId,
    pub is_live: bool,
    pub decided: ConsentRecord,
}

pub(super) async fn find_newest(
    db: impl Executor<'_>,
    person: PersonId,
    app: AppId,
) -> db::Result<Option<LatestGrant>> {
    let row = sqlx::query!(
        r#"select id, ended_at is null as "is_live!", scopes, fields, refused_scopes, refused_fields
           from grants where person_id = $1 and app_id = $2
           order by ended_at is null desc, granted_at desc limit 1"#,
        person.0,
        app.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| LatestGrant {
        id: GrantId(row.id),
        is_live: row.is_live,
        decided: ConsentRecord {
            given: GrantedAccess::of(
                ScopeSet::of_names(&row.scopes),
                FieldSet::of_names(&row.fields),
            ),
            refused_scopes: ScopeSet::of_names(&row.refused_scopes),
            refused_fields: FieldSet::of_names(&row.refused_fields),
        },
    }))
}

pub(super) async fn insert_grant(
    db: impl Executor<'_>,
    id: GrantId,
    person: PersonId,
    app: AppId,
    decided: &ConsentRecord,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "insert into grants (id, person_id, app_id, scopes, fields, refused_scopes, refused_fields,
                             granted_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        id.0,
        person.0,
        app.0,
        &decided.given.scopes().names(),
        &decided.given.fields().names(),
        &decided.refused_scopes.names(),
        &decided.refused_fields.names(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn mark_decided(
    db: impl Executor<'_>,
    id: GrantId,
    decided: &ConsentRecord,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "update grants set scopes = $2, fields = $3, refused_scopes = $4, refused_fields = $5,
                           changed_at = $6
         where id = $1",
        id.0,
        &decided.given.scopes().names(),
        &decided.given.fields().names(),
        &decided.refused_scopes.names(),
        &decided.refused_fields.names(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the live grant and returns what it allowed.
pub(super) async fn mark_ended(
    db: impl Executor<'_>,
    person: PersonId,
    app: AppId,
    now: Timestamp,
) -> db::Result<Option<GrantedAccess>> {
    let ended = sqlx::query!(
        "update grants set ended_at = $3 where person_id = $1 and app_id = $2 and ended_at is null
         returning scopes, fields",
        person.0,
        app.0,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(ended.map(|row| {
        GrantedAccess::of(
            ScopeSet::of_names(&row.scopes),
            FieldSet::of_names(&row.fields),
        )
    }))
}

/// Keeps the app's present name beside an audit entry.
pub(super) async fn insert_receipt(
    db: impl Executor<'_>,
    entry: AuditId,
    person: PersonId,
    app: AppId,
) -> db::Result<()> {
    sqlx::query!(
        "insert into receipts (id, person_id, client_id, app_name, app_owner_id)
         select $1, $2, client_id, name, owner_id from apps where id = $3",
        entry.0,
        person.0,
        app.0
    )
    .execute(db)
    .await?;
    Ok(())
}
