//! SQL of the circuit breaker.

use super::circuit_breaker::DisabledConnector;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;

pub(super) async fn list_disabled(db: impl Executor<'_>) -> db::Result<Vec<DisabledConnector>> {
    let disabled = sqlx::query_as!(
        DisabledConnector,
        "select slug, disabled_at, reason from disabled_connectors order by slug"
    )
    .fetch_all(db)
    .await?;
    Ok(disabled)
}

pub(super) async fn insert_disabled(
    db: impl Executor<'_>,
    slug: &str,
    cause: &str,
    now: Timestamp,
) -> db::Result<bool> {
    let result = sqlx::query!(
        "insert into disabled_connectors (slug, disabled_at, reason) values ($1, $2, $3)
         on conflict (slug) do nothing",
        slug,
        now,
        cause
    )
    .execute(db)
    .await?;
    Ok(result.rows_affected() > 0)
}

pub(super) async fn delete_disabled(db: impl Executor<'_>, slug: &str) -> db::Result<bool> {
    let result = sqlx::query!("delete from disabled_connectors where slug = $1", slug)
        .execute(db)
        .await?;
    Ok(result.rows_affected() > 0)
}
