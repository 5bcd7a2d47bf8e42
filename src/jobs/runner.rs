//! The loop round every job.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::SharedClock;
use crate::db;
use crate::db::Db;

use super::Job;
use super::store;

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
pub struct Running {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Jobs {
    pub fn new(db: Db, clock: SharedClock, jobs: Vec<Job>) -> Self {
        Self { jobs, db, clock }
    }

    /// Starts them all. Needs the runtime.
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for job in self.jobs {
            let it = Loop {
                job: Arc::new(job),
                db: self.db.clone(),
                clock: Arc::clone(&self.clock),
            };
            tasks.spawn(it.keep_running(stopped.clone()));
        }
        Running { tasks, stop }
    }
}

impl Running {
    /// Lets runs under way finish, ten seconds at most, and begins no other.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH_WITHIN, finished).await.is_err() {
            tracing::warn!("some jobs were not finished in time");
        }
    }
}

struct Loop {
    job: Arc<Job>,
    db: Db,
    clock: SharedClock,
}

impl Loop {
    async fn keep_running(self, mut stopped: watch::Receiver<bool>) {
        let mut failed = 0;
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                // Also when whoever started the jobs is gone.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = tokio::time::sleep(pause) => {}
            }
            match self.run().await {
                Ok(()) => failed = 0,
                Err(error) => {
                    failed += 1;
                    tracing::warn!(job = self.job.name, %error, "a job failed");
                }
            }
            pause = after(self.job.every, failed);
        }
    }

    /// One run, unless another process is at it. A panic ends the run and not the loop.
    async fn run(&self) -> db::Result<()> {
        let lock = store::lock(self.job.name);
        let Some(held) = store::hold(&self.db, &lock).await? else {
            return Ok(());
        };
        let mut work = JoinSet::new();
        work.spawn((self.job.work)(self.clock.now()));
        let done = match work.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(panicked)) => {
                tracing::error!(job = self.job.name, error = %panicked, "a job panicked");
                Ok(())
            }
            None => Ok(()),
        };
        store::release(held).await?;
        done
    }
}

/// How long a job rests after so many failed runs in a row.
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
}
