//! Forgetting refusals of long ago.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_before(db.pool(), now - KEPT_FOR).await
}
