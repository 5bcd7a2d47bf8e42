//! Forgetting proofs that are over.

use crate::clock::Moment;
use crate::db;
use crate::db::Db;

use super::flow;
use super::store;

/// They are counted for a day.
pub async fn sweep(db: &Db, now: Moment) -> db::Result<()> {
    store::delete_proofs(db.pool(), now - flow::DAY).await
}
