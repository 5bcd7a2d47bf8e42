//! Runs jobs: each in a loop of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{Job, store};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::metrics::{JobOutcome, Stopwatch};
use crate::platform::{db, metrics};

/// The longest pause after failed runs, for jobs with a shorter interval.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);
/// How long running jobs may take when the program stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// All jobs, not started yet.
#[derive(Debug)]
pub struct Jobs {
    jobs: Vec<Job>,
    db: Db,
    clock: SharedClock,
    one_at_a_time: Arc<Semaphore>,
}

/// Started jobs. Dropping this prevents further runs.
#[derive(Debug)]
pub struct RunningJobs {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Jobs {
    pub fn new(db: Db, clock: SharedClock, jobs: Vec<Job>) -> Self {
        Self {
            jobs,
            db,
            clock,
            one_at_a_time: Arc::new(Semaphore::new(1)),
        }
    }

    /// Runs each job once, one after the other.
    pub async fn run_once(&self) -> db::Result<()> {
        for job in &self.jobs {
            job.run(&self.db, self.clock.now(), &self.one_at_a_time)
                .await?;
        }
        Ok(())
    }

    /// Starts all jobs. Must be called within a Tokio runtime.
    pub fn start(self) -> RunningJobs {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in self.jobs {
            let job_loop = JobLoop {
                job: Arc::new(job),
                db: self.db.clone(),
                clock: Arc::clone(&self.clock),
                one_at_a_time: Arc::clone(&self.one_at_a_time),
            };
            tasks.spawn(job_loop.run_until_stopped(stopped.clone()));
        }
        RunningJobs { tasks, stop }
    }
}

impl RunningJobs {
    /// Starts no further runs, and waits up to ten seconds for the current ones.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, finished)
            .await
            .is_err()
        {
            tracing::warn!("some jobs were not finished in time");
        }
    }
}

struct JobLoop {
    job: Arc<Job>,
    db: Db,
    clock: SharedClock,
    one_at_a_time: Arc<Semaphore>,
}

impl JobLoop {
    async fn run_until_stopped(self, mut stopped: watch::Receiver<bool>) {
        let mut failures = 0;
        let mut pause = Duration::ZERO;
        loop {
            let is_stopping = tokio::select! {
                // Also ends when the sender is dropped.
                _ = stopped.wait_for(|stopped| *stopped) => true,
                () = tokio::time::sleep(pause) => false,
            };
            if is_stopping {
                return self.run_last().await;
            }
            match self.run().await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::warn!(job = self.job.name, %error, "a job failed");
                }
            }
            pause = self.job.pause_after(failures);
        }
    }

    /// Runs the job once more if it works on data in memory, which would be lost.
    async fn run_last(&self) {
        if self.job.in_every_process
            && let Err(error) = self.run().await
        {
            tracing::error!(job = self.job.name, %error, "the last run of a job failed");
        }
    }

    async fn run(&self) -> db::Result<()> {
        self.job
            .run(&self.db, self.clock.now(), &self.one_at_a_time)
            .await
    }
}

impl Job {
    /// The pause after this many failed runs in a row. Jobs on data in memory are not delayed: the data
    /// grows, and is lost with the process.
    fn pause_after(&self, failures: u32) -> Duration {
        if self.in_every_process {
            return self.every;
        }
        back_off(self.every, failures)
    }

    /// One run, unless another process runs the job. A panic ends the run and not the loop.
    ///
    /// Of the jobs that take a lock, one runs at a time. The lock occupies a session of PostgreSQL while the job
    /// uses others; all locks at once would occupy all sessions of a small pooler.
    async fn run(&self, db: &Db, now: Timestamp, one_at_a_time: &Semaphore) -> db::Result<()> {
        if self.in_every_process {
            return self.work(now).await;
        }
        // Never closed.
        let _turn = one_at_a_time.acquire().await;
        let Some(lock) = store::try_lock(db, self.name).await? else {
            return Ok(());
        };
        let result = self.work(now).await;
        store::release(lock).await?;
        result
    }

    async fn work(&self, now: Timestamp) -> db::Result<()> {
        let stopwatch = Stopwatch::start();
        let mut task = JoinSet::new();
        task.spawn((self.work)(now));
        let (result, outcome) = match task.join_next().await {
            Some(Ok(Err(error))) => (Err(error), JobOutcome::Failed),
            Some(Err(panicked)) => {
                tracing::error!(job = self.name, error = %panicked, "a job panicked");
                (Ok(()), JobOutcome::Panicked)
            }
            Some(Ok(Ok(()))) | None => (Ok(()), JobOutcome::Done),
        };
        metrics::record_job_run(self.name, outcome, stopwatch.elapsed());
        result
    }
}

/// Doubles the pause with every failed run in a row.
fn back_off(every: Duration, failures: u32) -> Duration {
    let longest = every.max(LONGEST_BACK_OFF);
    every
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_of_a_failing_job_doubles_up_to_a_minute() {
        let every = Duration::from_secs(2);
        let pauses: Vec<_> = [0, 1, 2, 5, 99]
            .map(|failures| back_off(every, failures).as_secs())
            .into();
        assert_eq!(pauses, [2, 4, 8, 60, 60]);
        assert_eq!(
            back_off(Duration::from_hours(1), 9),
            Duration::from_hours(1)
        );
    }

    #[test]
    fn jobs_on_data_in_memory_are_not_delayed() {
        let every = Duration::from_millis(500);
        let job = || Job::new("access_log.flush", every, (), |(), _| async { Ok(()) });
        assert_eq!(job().pause_after(3), Duration::from_secs(4));
        assert_eq!(job().in_every_process().pause_after(99), every);
    }
}
