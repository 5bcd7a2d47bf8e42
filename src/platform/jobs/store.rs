//! The lock that lets one process at a time run a job.

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockGuard};
use sqlx::{Either, Postgres};

use crate::platform::db;
use crate::platform::db::Db;

/// Held while a job runs. PostgreSQL releases it when the connection ends.
pub(super) struct JobLock(PgAdvisoryLockGuard<PoolConnection<Postgres>>);

/// Takes the lock without waiting. `None` if another process holds it.
pub(super) async fn try_lock(db: &Db, lock: &PgAdvisoryLock) -> db::Result<Option<JobLock>> {
    match lock.try_acquire(db.connection().await?).await? {
        Either::Left(guard) => Ok(Some(JobLock(guard))),
        Either::Right(_) => Ok(None),
    }
}

pub(super) async fn release(lock: JobLock) -> db::Result<()> {
    lock.0.release_now().await?;
    Ok(())
}

pub(super) fn job_lock(name: &str) -> PgAdvisoryLock {
    PgAdvisoryLock::new(format!("profiles job {name}"))
}
