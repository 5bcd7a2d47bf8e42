//! Background jobs: periodic work, such as delivering mails and deleting expired rows.
//!
//! Every process of the service runs every job. A lock in the database lets one process work at a time,
//! except for jobs on data in the memory of a process. A job may be interrupted anywhere; the next run
//! continues.

mod runner;
mod store;

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

pub use runner::{Jobs, RunningJobs};

use crate::platform::clock::Timestamp;
use crate::platform::db;

/// One periodic job.
pub struct Job {
    /// `module.verb`, for the lock, the log and the metrics.
    name: &'static str,
    every: Duration,
    /// Whether every process runs it, and runs it once more when it stops; else one process at a time.
    in_every_process: bool,
    work: Box<dyn Fn(Timestamp) -> JobFuture + Send + Sync>,
}

/// One run.
type JobFuture = Pin<Box<dyn Future<Output = db::Result<()>> + Send>>;

impl Job {
    /// Calls `work` with a copy of `context` and the time: at the start, and `every` after each end. An error
    /// is logged, and the next run is delayed.
    pub fn new<T, F>(
        name: &'static str,
        every: Duration,
        context: T,
        work: impl Fn(T, Timestamp) -> F + Send + Sync + 'static,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = db::Result<()>> + Send + 'static,
    {
        Self {
            name,
            every,
            in_every_process: false,
            work: Box::new(move |now| Box::pin(work(context.clone(), now))),
        }
    }

    /// Runs the job in every process, and once more when the process stops: for data in memory.
    #[must_use]
    pub fn in_every_process(mut self) -> Self {
        self.in_every_process = true;
        self
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({} every {:?})", self.name, self.every)
    }
}
