//! Forgetting what was read long ago.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// Twelve months.
const KEPT_FOR: Duration = Duration::from_hours(365 * 24);

pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_read_before(db.pool(), now - KEPT_FOR, now).await
}
