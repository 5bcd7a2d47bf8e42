//! The circuit breaker. A connector that met something unknown must not guess: a changed portal may give to
//! everyone the answer that once meant a right password. The connector stays disabled in every process,
//! until an operator has looked at it and enables it.

use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Executor, Tx};

/// A connector that the circuit breaker has disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisabledConnector {
    pub slug: String,
    pub disabled_at: Timestamp,
    /// What the connector met, in its own words.
    pub reason: String,
}

pub async fn list_disabled(db: impl Executor<'_>) -> db::Result<Vec<DisabledConnector>> {
    store::list_disabled(db).await
}

/// Disables a connector. Returns whether it was enabled before.
pub async fn disable(tx: &mut Tx, slug: &str, cause: &str, now: Timestamp) -> db::Result<bool> {
    store::insert_disabled(&mut **tx, slug, cause, now).await
}

/// Enables a connector again. Returns whether it was disabled before.
pub async fn enable(tx: &mut Tx, slug: &str) -> db::Result<bool> {
    store::delete_disabled(&mut **tx, slug).await
}
