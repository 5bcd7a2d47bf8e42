//! stub
use crate::db;
use crate::db::Executor;
pub async fn put(
    _db: impl Executor<'_>,
    _t: &'static str,
    _p: crate::id::PersonId,
    _d: serde_json::Value,
    _n: crate::clock::Moment,
    _e: &dyn crate::entropy::Entropy,
) -> db::Result<()> {
    Ok(())
}
