//! From memory to the database.

use std::time::Duration;

use super::pending::AccessLog;
use super::store;
use crate::platform::db;

/// How stale the word of a process in which nobody reads may grow.
const SAY_EVERY: Duration = Duration::from_secs(10);

impl AccessLog {
    /// Writes down all that was noted before the call. What cannot be written now stays pending.
    pub async fn write_down(&self) -> db::Result<()> {
        let mut said_up_to = self.said_up_to().lock().await;
        let batch = self.take();
        let is_stale = said_up_to.is_none_or(|said| batch.up_to - said >= SAY_EVERY);
        if batch.tallies.is_empty() && !is_stale {
            return Ok(());
        }
        let written = store::insert(self.db().pool(), self.process(), &batch).await;
        if written.is_ok() {
            *said_up_to = Some(batch.up_to);
        } else {
            self.put_back(batch.tallies);
        }
        written
    }
}
