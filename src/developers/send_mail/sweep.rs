//! Deletes old records of mails, and closes the records of processes that stopped.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// How long a record is kept.
const KEPT_FOR: Duration = Duration::from_hours(365 * 24);
/// Longer than a mail can take to send.
const SURELY_OVER: Duration = Duration::from_mins(5);

/// Runs periodically. It can be interrupted at any time.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    let why = "the service stopped while it was sent; it may have gone out";
    store::mark_lost(db.pool(), now - SURELY_OVER, why).await?;
    store::delete_old(db.pool(), now - KEPT_FOR).await
}
