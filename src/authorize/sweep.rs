//! Forgetting requests nobody answered.

use crate::clock::Moment;
use crate::db;
use crate::db::Db;

use super::pages::PAGE_LIVES_FOR;
use super::store;

/// Deletes requests whose page can no longer be answered.
pub async fn sweep(db: &Db, now: Moment) -> db::Result<()> {
    store::delete_requests(db.pool(), now - PAGE_LIVES_FOR).await
}
