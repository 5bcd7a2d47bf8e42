//! Forgetting what was read long ago.

use std::time::Duration;

use crate::clock::Moment;
use crate::db;
use crate::db::Db;

use super::store;

/// Twelve months.
const KEPT_FOR: Duration = Duration::from_hours(365 * 24);

pub async fn sweep(db: &Db, now: Moment) -> db::Result<()> {
    store::delete_read_before(db.pool(), now - KEPT_FOR, now).await
}
