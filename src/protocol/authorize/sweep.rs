//! Deletes authorization requests that nobody answered or came back to.

use super::answer_consent::REQUEST_LIFETIME;
use super::keep_request::KEPT_LIFETIME;
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;

/// Deletes requests whose consent page can no longer be answered, and kept ones that have expired.
pub async fn sweep(db: &Db, now: Timestamp) -> db::Result<()> {
    store::delete_requests(db.pool(), now - REQUEST_LIFETIME).await?;
    store::delete_kept_requests(db.pool(), now - KEPT_LIFETIME).await
}
