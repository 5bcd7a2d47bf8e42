//! Forgetting requests nobody answered.

use super::pages::PAGE_LIVES_FOR;
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// Deletes requests whose page can no longer be answered.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_requests(db.pool(), now - PAGE_LIVES_FOR).await
}
