//! Adapters that are closed. One that met something it does not know must not guess: a changed portal
//! may answer everybody the way it once answered who had proved themselves. So nobody signs in by it,
//! in any process, until somebody has looked at it.

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Executor, Tx};

/// An adapter nobody can sign in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisabledConnector {
    pub slug: String,
    pub closed_at: Timestamp,
    /// What it met, in the adapter's own words.
    pub reason: String,
}

/// All of them.
pub async fn list_closed(db: impl Executor<'_>) -> db::Result<Vec<DisabledConnector>> {
    store::list_closed(db).await
}

/// Closes an adapter. Whether it was open until now is the answer.
pub async fn close(tx: &mut Tx, slug: &str, met: &str, now: Timestamp) -> db::Result<bool> {
    store::insert_closed(&mut **tx, slug, met, now).await
}

/// Opens an adapter again. Whether it was closed is the answer.
pub async fn open(tx: &mut Tx, slug: &str) -> db::Result<bool> {
    store::delete_closed(&mut **tx, slug).await
}
