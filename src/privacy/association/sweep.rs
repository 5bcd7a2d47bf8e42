//! Deletes old proofs.

use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// Proofs are counted for a day, so they are kept that long.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_proofs(db.pool(), now - rules::DAY).await
}
