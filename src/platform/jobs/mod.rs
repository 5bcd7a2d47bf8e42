//! Work that nobody waits for: delivering letters, forgetting what has ended.
//!
//! Every process of the service runs every job; a lock in the database lets one of them work at a time,
//! except where the work is on what a process holds in memory.
//! Jobs are made so that being cut off anywhere costs nothing: the next run takes up what is left.

mod runner;
mod store;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

pub use runner::{Jobs, RunningJobs};

use crate::platform::clock::Timestamp;
use crate::platform::db;

/// One piece of periodic work.
pub struct Job {
    /// `room.verb`, for the lock and the log.
    name: &'static str,
    every: Duration,
    /// Whether every process does it, at its end once more; else one process at a time.
    everywhere: bool,
    work: Box<dyn Fn(Timestamp) -> JobFuture + Send + Sync>,
}

/// A run under way.
type JobFuture = Pin<Box<dyn Future<Output = db::Result<()>> + Send>>;

impl Job {
    /// Calls `work` with a copy of `what` and the time: at the start, and `every` so often after it
    /// ended. An error is logged here, and the next run comes later than usual.
    pub fn new<T, F>(
        name: &'static str,
        every: Duration,
        what: T,
        work: impl Fn(T, Timestamp) -> F + Send + Sync + 'static,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = db::Result<()>> + Send + 'static,
    {
        Self {
            name,
            every,
            everywhere: false,
            work: Box::new(move |now| Box::pin(work(what.clone(), now))),
        }
    }

    /// Work on what a process holds in memory: every process does it, and once more when it is told to
    /// stop.
    #[must_use]
    pub fn in_every_process(mut self) -> Self {
        self.everywhere = true;
        self
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({} every {:?})", self.name, self.every)
    }
}
