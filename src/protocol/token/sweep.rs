//! Deletes codes and token families that have expired.

use std::time::Duration;

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Db;

/// A used code is kept this long, so that a replay is recognised.
const CODES_KEPT: Duration = Duration::from_hours(24);

/// A deleted code is unknown from then on. Families go once their last token has expired.
pub async fn sweep(db: &Db, lifetimes: &Lifetimes, now: Timestamp) -> db::Result<()> {
    let codes_before = now - CODES_KEPT.max(lifetimes.code);
    let families_before = now - lifetimes.family - lifetimes.access_token;
    store::delete_spent(db.pool(), codes_before, families_before).await
}
