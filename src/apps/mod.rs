//! stub
use crate::db;
use crate::db::Executor;
pub async fn knows_origin(db: impl Executor<'_>, origin: &str) -> db::Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists(select 1 from apps where origins @> array[$1]) as "e!""#,
        origin
    )
    .fetch_one(db)
    .await?)
}
