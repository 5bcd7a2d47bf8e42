//! The lock that lets one process at a time run a job.

use sqlx::postgres::PgAdvisoryLock;

use crate::platform::db;
use crate::platform::db::{Db, Tx};

/// Held while a job runs. PostgreSQL releases it when the transaction or its connection ends.
pub(super) struct JobLock(Tx);

/// Takes the lock without waiting. `None` if another process holds it.
///
/// Decision: it is a lock of a transaction that does nothing else, because a lock of the session is lost
/// behind a pooler in transaction mode. A transaction without a snapshot delays no vacuum.
pub(super) async fn try_lock(db: &Db, name: &str) -> db::Result<Option<JobLock>> {
    let mut tx = db.begin().await?;
    // The transaction is idle while the job runs.
    sqlx::raw_sql("set local idle_in_transaction_session_timeout = 0")
        .execute(&mut *tx)
        .await?;
    let is_free = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock($1) as "is_free!""#,
        lock_key(name)
    )
    .fetch_one(&mut *tx)
    .await?;
    Ok(is_free.then_some(JobLock(tx)))
}

pub(super) async fn release(lock: JobLock) -> db::Result<()> {
    lock.0.commit().await?;
    Ok(())
}

fn lock_key(name: &str) -> Option<i64> {
    let lock = PgAdvisoryLock::new(format!("profiles job {name}"));
    lock.key().as_bigint()
}
