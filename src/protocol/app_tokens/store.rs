//! App tokens in the database.

use super::model::{AppScope, AppToken};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::AppId;
use crate::platform::secret::SecretHash;

/// Stores a token. False if the app has lost the permission since it was authenticated.
pub async fn issue_app_token(db: impl Executor<'_>, token: &AppToken) -> db::Result<bool> {
    let inserted = sqlx::query!(
        "insert into app_tokens (id, app_id, hash, scopes, created_at, expires_at)
         select $1, a.id, $3, $4, $5, $6 from apps a
         where a.id = $2 and a.looks_up_since is not null and a.suspended_at is null",
        token.id.0,
        token.app.0,
        token.hash.to_vec(),
        &[token.scope.name().to_owned()],
        token.issued_at,
        token.expires_at,
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The app of a token, and records the use. `None` if the token is not valid for the scope, or the app has
/// lost the permission. A token of before the permission was withdrawn stays invalid when it is given again.
pub async fn authenticate_app_token(
    db: impl Executor<'_>,
    token: SecretHash,
    scope: AppScope,
    now: Timestamp,
) -> db::Result<Option<AppId>> {
    let app = sqlx::query_scalar!(
        "update app_tokens t set last_used_at = $3
         from apps a
         where t.hash = $1 and $2 = any(t.scopes) and (t.expires_at is null or t.expires_at > $3)
           and a.id = t.app_id and a.looks_up_since <= t.created_at and a.suspended_at is null
         returning a.id",
        token.to_vec(),
        scope.name(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(app.map(AppId))
}

/// The app of a token, whether it may still use it or not.
pub async fn find_app_of_token(
    db: impl Executor<'_>,
    token: SecretHash,
    now: Timestamp,
) -> db::Result<Option<AppId>> {
    let app = sqlx::query_scalar!(
        "select app_id from app_tokens where hash = $1 and (expires_at is null or expires_at > $2)",
        token.to_vec(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(app.map(AppId))
}

/// Deletes a token of this app. False if the app has no such token.
pub async fn revoke_app_token(
    db: impl Executor<'_>,
    app: AppId,
    token: SecretHash,
) -> db::Result<bool> {
    let deleted = sqlx::query!(
        "delete from app_tokens where app_id = $1 and hash = $2",
        app.0,
        token.to_vec()
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

pub(super) async fn delete_expired(db: impl Executor<'_>, now: Timestamp) -> db::Result<()> {
    sqlx::query!("delete from app_tokens where expires_at < $1", now)
        .execute(db)
        .await?;
    Ok(())
}
