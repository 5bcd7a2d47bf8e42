//! What was read and is not written down yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::model::{ReadBatch, ReadCount, ReadCounts, ReadKey};
use crate::people::fields::FieldSet;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;

/// Different readings that may wait: some seconds of a campus that does nothing else.
const MOST_PENDING: usize = 50_000;

/// The ledger of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccessLog(Arc<AccessLogBuffers>);

#[derive(Debug)]
struct AccessLogBuffers {
    db: Db,
    clock: SharedClock,
    /// This process, among those that share the database.
    process: Uuid,
    is_silent: bool,
    pending: Mutex<ReadCounts>,
    /// How far this process has said that it has written down; held while it writes.
    said_up_to: tokio::sync::Mutex<Option<Timestamp>>,
}

impl AccessLogBuffers {
    fn new(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        let mut chance = [0; 16];
        rng.fill(&mut chance);
        Self {
            db,
            clock,
            process: uuid::Builder::from_random_bytes(chance).into_uuid(),
            is_silent: false,
            pending: Mutex::default(),
            said_up_to: tokio::sync::Mutex::default(),
        }
    }
}

/// Too much waits to be written down.
#[derive(Debug, thiserror::Error)]
#[error("the ledger is full")]
pub struct AccessLogFull;

impl AccessLog {
    pub fn new(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        Self(Arc::new(AccessLogBuffers::new(db, clock, rng)))
    }

    /// One that notes nothing: what the benchmark of the user API measures noting against. No setting
    /// leads here, because what apps read is noted wherever people are.
    pub fn silent(db: Db, clock: SharedClock, rng: &dyn Rng) -> Self {
        Self(Arc::new(AccessLogBuffers {
            is_silent: true,
            ..AccessLogBuffers::new(db, clock, rng)
        }))
    }

    /// Notes that an app was given these fields of a person. Waits for nothing. What cannot be noted
    /// must not be given.
    pub fn note(
        &self,
        person: PersonId,
        app: AppId,
        fields: FieldSet,
    ) -> Result<(), AccessLogFull> {
        if self.0.is_silent {
            return Ok(());
        }
        let what = ReadKey {
            person,
            app,
            fields,
        };
        let mut pending = self.pending();
        // Read while nobody can take what is pending, so that nothing noted is earlier than what was
        // said to be complete.
        let once = ReadCount {
            times: 1,
            last: self.0.clock.now(),
        };
        if let Some(tally) = pending.get_mut(&what) {
            *tally = tally.and(once);
        } else if pending.len() < MOST_PENDING {
            pending.insert(what, once);
        } else {
            return Err(AccessLogFull);
        }
        Ok(())
    }

    /// Takes what is pending, with the moment up to which this is all.
    pub(super) fn take(&self) -> ReadBatch {
        let mut pending = self.pending();
        ReadBatch {
            up_to: self.0.clock.now(),
            tallies: std::mem::take(&mut *pending),
        }
    }

    /// Puts back what could not be written down.
    pub(super) fn put_back(&self, tallies: ReadCounts) {
        let mut pending = self.pending();
        for (what, tally) in tallies {
            let newer = pending.get(&what).copied();
            pending.insert(what, newer.map_or(tally, |newer| newer.and(tally)));
        }
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn process(&self) -> Uuid {
        self.0.process
    }

    pub(super) fn said_up_to(&self) -> &tokio::sync::Mutex<Option<Timestamp>> {
        &self.0.said_up_to
    }

    fn pending(&self) -> MutexGuard<'_, ReadCounts> {
        // Every change of the map is whole, so a panic elsewhere leaves nothing half done.
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

    fn ledger() -> AccessLog {
        let db = Db::open(&"postgres://nobody@127.0.0.1:1/none".into()).unwrap();
        AccessLog::new(db, Arc::new(SystemClock), &OsRng)
    }

    fn fields() -> FieldSet {
        FieldSet::from_iter([Field::Id, Field::Mobile])
    }

    #[tokio::test]
    async fn the_same_again_is_counted_and_what_could_not_be_written_is_put_back() {
        let ledger = ledger();
        let note = |person| ledger.note(PersonId(person), APP, fields()).unwrap();
        [1, 1, 2].into_iter().for_each(note);
        let batch = ledger.take();
        assert!(ledger.take().tallies.is_empty());
        note(1);
        ledger.put_back(batch.tallies);
        let mut times: Vec<_> = ledger.take().tallies.values().map(|it| it.times).collect();
        times.sort_unstable();
        assert_eq!(times, [1, 3]);
    }

    #[tokio::test]
    async fn a_full_ledger_takes_what_it_knows_and_nothing_new() {
        let ledger = ledger();
        for person in 0..i32::try_from(MOST_PENDING).unwrap() {
            ledger.note(PersonId(person), APP, fields()).unwrap();
        }
        assert!(ledger.note(PersonId(7), APP, fields()).is_ok());
        assert!(ledger.note(PersonId(-1), APP, fields()).is_err());
    }

    /// A reading takes hundreds of microseconds, a twentieth of it is ten at least.
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
    async fn noting_a_reading_takes_a_small_part_of_one() {
        let ledger = ledger();
        let mut spans: Vec<Duration> = (0..10_000)
            .map(|person| {
                let began = std::time::Instant::now();
                ledger
                    .note(PersonId(person % 2_000), APP, fields())
                    .unwrap();
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
