//! Deletes app tokens that have expired.

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_expired(db.pool(), now).await
}
