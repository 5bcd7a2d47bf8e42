//! Forgetting old records, and ending those whose process is gone.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// How long people can see what an app sent them.
const KEPT_FOR: Duration = Duration::from_hours(365 * 24);
/// Longer than sending can take.
const SURELY_OVER: Duration = Duration::from_mins(5);

/// Once in a while; being cut off costs nothing.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    let why = "the service stopped while it was sent; it may have gone out";
    store::mark_lost(db.pool(), now - SURELY_OVER, why).await?;
    store::delete_old(db.pool(), now - KEPT_FOR).await
}
