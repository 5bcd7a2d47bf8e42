//! Deletes old reads.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// Twelve months.
const RETENTION: Duration = Duration::from_hours(365 * 24);

/// Deletes the reads of more than twelve months ago.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_read_before(db.pool(), now - RETENTION, now).await
}
