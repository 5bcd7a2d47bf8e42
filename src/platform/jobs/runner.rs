//! The loop round every job.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Job, store};
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::metrics::{JobOutcome, Stopwatch};
use crate::platform::{db, metrics};

/// The longest pause after failed runs; a job that pauses longer anyway keeps its own.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);
/// How long runs under way may take when the program is told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// The jobs of the house, ready to be started.
#[derive(Debug)]
pub struct Jobs {
    jobs: Vec<Job>,
    db: Db,
    clock: SharedClock,
}

/// Jobs that were started. When this is dropped no further run begins.
#[derive(Debug)]
pub struct RunningJobs {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Jobs {
    pub fn new(db: Db, clock: SharedClock, jobs: Vec<Job>) -> Self {
        Self { jobs, db, clock }
    }

    /// Runs each once, one after the other.
    pub async fn run_once(&self) -> db::Result<()> {
        for job in &self.jobs {
            job.run(&self.db, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Starts them all. Needs the runtime.
    pub fn start(self) -> RunningJobs {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in self.jobs {
            let it = JobLoop {
                job: Arc::new(job),
                db: self.db.clone(),
                clock: Arc::clone(&self.clock),
            };
            tasks.spawn(it.keep_running(stopped.clone()));
        }
        RunningJobs { tasks, stop }
    }
}

impl RunningJobs {
    /// Lets runs under way finish, ten seconds at most, and begins no other.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH_WITHIN, finished).await.is_err() {
            tracing::warn!("some jobs were not finished in time");
        }
    }
}

struct JobLoop {
    job: Arc<Job>,
    db: Db,
    clock: SharedClock,
}

impl JobLoop {
    async fn keep_running(self, mut stopped: watch::Receiver<bool>) {
        let mut failed = 0;
        let mut pause = Duration::ZERO;
        loop {
            let is_over = tokio::select! {
                // Also when whoever started the jobs is gone.
                _ = stopped.wait_for(|stopped| *stopped) => true,
                () = tokio::time::sleep(pause) => false,
            };
            if is_over {
                return self.finish().await;
            }
            match self.run().await {
                Ok(()) => failed = 0,
                Err(error) => {
                    failed += 1;
                    tracing::warn!(job = self.job.name, %error, "a job failed");
                }
            }
            pause = self.job.rests(failed);
        }
    }

    /// What a process holds in memory must not be lost with it.
    async fn finish(&self) {
        if self.job.everywhere
            && let Err(error) = self.run().await
        {
            tracing::error!(job = self.job.name, %error, "the last run of a job failed");
        }
    }

    async fn run(&self) -> db::Result<()> {
        self.job.run(&self.db, self.clock.now()).await
    }
}

impl Job {
    /// How long it rests after so many failed runs in a row. What a process holds in memory waits no longer
    /// for that: it grows, and is lost with the process.
    fn rests(&self, failed: u32) -> Duration {
        if self.everywhere {
            return self.every;
        }
        after(self.every, failed)
    }

    /// One run, unless another process is at it. A panic ends the run and not the loop.
    async fn run(&self, db: &Db, now: Timestamp) -> db::Result<()> {
        if self.everywhere {
            return self.work(now).await;
        }
        let lock = store::lock(self.name);
        let Some(held) = store::hold(db, &lock).await? else {
            return Ok(());
        };
        let done = self.work(now).await;
        store::release(held).await?;
        done
    }

    async fn work(&self, now: Timestamp) -> db::Result<()> {
        let began = Stopwatch::start();
        let mut work = JoinSet::new();
        work.spawn((self.work)(now));
        let (done, outcome) = match work.join_next().await {
            Some(Ok(Err(error))) => (Err(error), JobOutcome::Failed),
            Some(Err(panicked)) => {
                tracing::error!(job = self.name, error = %panicked, "a job panicked");
                (Ok(()), JobOutcome::Panicked)
            }
            Some(Ok(Ok(()))) | None => (Ok(()), JobOutcome::Done),
        };
        metrics::ran(self.name, outcome, began.elapsed());
        done
    }
}

/// How long a job that failed so often in a row rests.
fn after(every: Duration, failed: u32) -> Duration {
    let longest = every.max(LONGEST_BACK_OFF);
    every
        .saturating_mul(2_u32.saturating_pow(failed))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_fails_comes_back_later_and_later_up_to_a_minute() {
        let every = Duration::from_secs(2);
        let pauses: Vec<_> = [0, 1, 2, 5, 99]
            .map(|failed| after(every, failed).as_secs())
            .into();
        assert_eq!(pauses, [2, 4, 8, 60, 60]);
        assert_eq!(after(Duration::from_hours(1), 9), Duration::from_hours(1));
    }

    #[test]
    fn what_is_in_memory_is_written_as_soon_as_it_can_be() {
        let every = Duration::from_millis(500);
        let job = || Job::new("access_log.flush", every, (), |(), _| async { Ok(()) });
        assert_eq!(job().rests(3), Duration::from_secs(4));
        assert_eq!(job().in_every_process().rests(99), every);
    }
}
