//! Refusals in the database.

use super::model::{AppProblem, OAuthEndpoint};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, ProblemId};

/// How many an app keeps: the newest.
const KEPT_PER_APP: i64 = 50;

/// Keeps a refusal, unless the same one of this minute is there, and forgets the app's oldest.
pub(super) async fn insert(
    db: impl Executor<'_>,
    id: ProblemId,
    app: AppId,
    (endpoint, cause): (OAuthEndpoint, &str),
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with inserted as (
           insert into app_problems (id, app_id, at, endpoint, cause)
           select $1, apps.id, $3, $4, $5 from apps where apps.id = $2
           on conflict do nothing
           returning 1
         )
         delete from app_problems where id in (
           select id from app_problems where app_id = $2
           order by at desc offset $6 - (select count(*) from inserted)
         )",
        id.0,
        app.0,
        now,
        endpoint.as_str(),
        cause,
        KEPT_PER_APP,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The newest refusals of an app, the newest first.
pub async fn list(db: impl Executor<'_>, app: AppId) -> db::Result<Vec<AppProblem>> {
    let problems = sqlx::query_as!(
        AppProblem,
        "select at, endpoint, cause from app_problems where app_id = $1 order by at desc limit $2",
        app.0,
        KEPT_PER_APP,
    )
    .fetch_all(db)
    .await?;
    Ok(problems)
}

pub(super) async fn delete_before(db: impl Executor<'_>, before: Timestamp) -> db::Result<()> {
    sqlx::query!("delete from app_problems where at < $1", before)
        .execute(db)
        .await?;
    Ok(())
}
