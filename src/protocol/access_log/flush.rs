//! Writes the buffer to the database.

use std::time::Duration;

use super::buffer::AccessLog;
use super::store;
use crate::platform::db;

/// How often an idle process reports that it is complete.
const REPORT_EVERY: Duration = Duration::from_secs(10);

impl AccessLog {
    /// Writes every read that was recorded before the call. On an error the reads stay in the buffer.
    pub async fn flush(&self) -> db::Result<()> {
        let mut complete_up_to = self.complete_up_to().lock().await;
        let batch = self.take();
        let is_stale = complete_up_to.is_none_or(|reported| batch.up_to - reported >= REPORT_EVERY);
        if batch.counts.is_empty() && !is_stale {
            return Ok(());
        }
        let written = store::insert(self.db().pool(), self.process(), &batch).await;
        if written.is_ok() {
            *complete_up_to = Some(batch.up_to);
        } else {
            self.restore(batch.counts);
        }
        written
    }
}
