//! Forgetting proofs that are over.

use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// They are counted for a day.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_proofs(db.pool(), now - rules::DAY).await
}
