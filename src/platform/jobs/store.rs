//! The lock that lets one process at a time do a job.

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgAdvisoryLock, PgAdvisoryLockGuard};
use sqlx::{Either, Postgres};

use crate::platform::db;
use crate::platform::db::Db;

/// Held while a job runs; gone with its connection, should the process end.
pub(super) struct JobLock(PgAdvisoryLockGuard<PoolConnection<Postgres>>);

/// The lock of a job. Waits for nobody: `None` if another process works at it.
pub(super) async fn hold(db: &Db, lock: &PgAdvisoryLock) -> db::Result<Option<JobLock>> {
    match lock.try_acquire(db.connection().await?).await? {
        Either::Left(guard) => Ok(Some(JobLock(guard))),
        Either::Right(_) => Ok(None),
    }
}

pub(super) async fn release(held: JobLock) -> db::Result<()> {
    held.0.release_now().await?;
    Ok(())
}

pub(super) fn lock(name: &str) -> PgAdvisoryLock {
    PgAdvisoryLock::new(format!("profiles job {name}"))
}
