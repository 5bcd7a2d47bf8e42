//! The reads that are not in the database yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::model::{ReadBatch, ReadCount, ReadCounts, ReadKey};
use crate::people::fields::FieldSet;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;

/// The longest buffer, in different reads: some seconds of a campus that does nothing else.
const MAX_PENDING: usize = 50_000;

/// The access log of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessLog(Arc<AccessLogBuffers>);

#[derive(Debug)]
struct AccessLogBuffers {
    db: Db,
    clock: SharedClock,
    /// The id of this process among those that share the database.
    process: Uuid,
    is_disabled: bool,
    pending: Mutex<ReadCounts>,
    /// Up to when the database has every read of this process. Locked during a flush.
    complete_up_to: tokio::sync::Mutex<Option<Timestamp>>,
}

impl AccessLogBuffers {
    fn new(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        let mut bytes = [0; 16];
        rng.fill(&mut bytes);
        Self {
            db,
            clock,
            process: uuid::Builder::from_random_bytes(bytes).into_uuid(),
            is_disabled: false,
            pending: Mutex::default(),
            complete_up_to: tokio::sync::Mutex::default(),
        }
    }
}

/// The buffer is full.
#[derive(Debug, thiserror::Error)]
#[error("the access log is full")]
pub struct AccessLogFull;

impl AccessLog {
    pub fn new(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        Self(Arc::new(AccessLogBuffers::new(db, clock, rng)))
    }

    /// A log that records nothing, for the benchmark that measures the cost of recording. No setting uses
    /// it, because reads of real people's data are always recorded.
    pub fn disabled(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        Self(Arc::new(AccessLogBuffers {
            is_disabled: true,
            ..AccessLogBuffers::new(db, clock, rng)
        }))
    }

    /// Records that an app reads these fields of a person. Does not block. If it fails, the fields must not
    /// be sent.
    pub fn record(
        &self,
        person: PersonId,
        app: AppId,
        fields: FieldSet,
    ) -> Result<(), AccessLogFull> {
        if self.0.is_disabled {
            return Ok(());
        }
        let key = ReadKey {
            person,
            app,
            fields,
        };
        let mut pending = self.pending();
        // The clock is read under the lock, so that no read is recorded with a time before the moment up to
        // which a flushed batch is complete.
        let once = ReadCount {
            times: 1,
            last: self.0.clock.now(),
        };
        if let Some(count) = pending.get_mut(&key) {
            *count = count.merge(once);
        } else if pending.len() < MAX_PENDING {
            pending.insert(key, once);
        } else {
            return Err(AccessLogFull);
        }
        Ok(())
    }

    /// Empties the buffer into a batch.
    pub(super) fn take(&self) -> ReadBatch {
        let mut pending = self.pending();
        ReadBatch {
            up_to: self.0.clock.now(),
            counts: std::mem::take(&mut *pending),
        }
    }

    /// Returns a batch to the buffer that could not be written.
    pub(super) fn restore(&self, counts: ReadCounts) {
        let mut pending = self.pending();
        for (key, count) in counts {
            let newer = pending.get(&key).copied();
            pending.insert(key, newer.map_or(count, |newer| newer.merge(count)));
        }
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn process(&self) -> Uuid {
        self.0.process
    }

    pub(super) fn complete_up_to(&self) -> &tokio::sync::Mutex<Option<Timestamp>> {
        &self.0.complete_up_to
    }

    fn pending(&self) -> MutexGuard<'_, ReadCounts> {
        // Every change of the map is complete, so the map is valid even if a thread panicked.
        self.0
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::people::fields::Field;
    use crate::platform::clock::SystemClock;
    use crate::platform::rng::OsRng;

    const APP: AppId = AppId(Uuid::nil());

    fn access_log() -> AccessLog {
        let db = Db::open(&"postgres://nobody@127.0.0.1:1/none".into()).unwrap();
        AccessLog::new(db, Arc::new(SystemClock), &OsRng)
    }

    fn fields() -> FieldSet {
        FieldSet::from_iter([Field::Id, Field::Mobile])
    }

    #[tokio::test]
    async fn equal_reads_are_counted_and_a_failed_batch_is_restored() {
        let log = access_log();
        let record = |person| log.record(PersonId(person), APP, fields()).unwrap();
        [1, 1, 2].into_iter().for_each(record);
        let batch = log.take();
        assert!(log.take().counts.is_empty());
        record(1);
        log.restore(batch.counts);
        let mut times: Vec<_> = log
            .take()
            .counts
            .values()
            .map(|count| count.times)
            .collect();
        times.sort_unstable();
        assert_eq!(times, [1, 3]);
    }

    #[tokio::test]
    async fn a_full_log_counts_known_reads_and_refuses_new_ones() {
        let log = access_log();
        for person in 0..i32::try_from(MAX_PENDING).unwrap() {
            log.record(PersonId(person), APP, fields()).unwrap();
        }
        assert!(log.record(PersonId(7), APP, fields()).is_ok());
        assert!(log.record(PersonId(-1), APP, fields()).is_err());
    }

    /// A read takes hundreds of microseconds; ten are a twentieth of it at most.
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
    async fn recording_takes_a_small_part_of_a_read() {
        let log = access_log();
        let mut spans: Vec<Duration> = (0..10_000)
            .map(|person| {
                let began = std::time::Instant::now();
                log.record(PersonId(person % 2_000), APP, fields()).unwrap();
                began.elapsed()
            })
            .collect();
        spans.sort_unstable();
        assert!(
            spans[5_000] < Duration::from_micros(10),
            "{:?}",
            spans[5_000]
        );
    }
}
