//! PostgreSQL: connection pool, transactions, migrations and errors.
//!
//! SQL stands in `store.rs` files, in the session store and in the audit log. They take an [`Executor`]: the
//! pool for a single statement, `&mut *tx` inside a transaction. Handlers and jobs begin and commit; verbs
//! never do.

mod error;

pub mod cluster;

use std::time::Duration;

pub use error::Error;
use secrecy::{ExposeSecret, SecretString};
pub use sqlx::PgExecutor as Executor;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// One connection inside a transaction; rolls back unless committed.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

/// One connection, inside a transaction or not.
pub type Connection = sqlx::PgConnection;

pub type Result<T, E = Error> = std::result::Result<T, E>;

const MAX_CONNECTIONS: u32 = 24;
/// How long a request waits for a connection before it fails as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(6);
/// A connection that was idle for longer is tested before use. Under load connections are not idle, so
/// the test adds no round trips.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

async fn is_alive(connection: &mut Connection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TEST_AFTER_IDLE {
        sqlx::Connection::ping(connection).await?;
    }
    Ok(true)
}

/// Sets a savepoint in a transaction, which replaces the one before.
pub async fn set_savepoint(tx: &mut Tx) -> Result<()> {
    sqlx::raw_sql("savepoint mark").execute(&mut **tx).await?;
    Ok(())
}

/// Undoes everything since the savepoint. Also works after a failed statement.
pub async fn rollback_to_savepoint(tx: &mut Tx) -> Result<()> {
    sqlx::raw_sql("rollback to savepoint mark")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
}

impl Db {
    /// Opens a pool without connecting: the server may start before its database.
    pub fn open(url: &SecretString) -> Result<Self> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let options = options
            .application_name("profiles")
            // All statements are short. One that takes longer is stuck and must not keep its locks.
            .options([
                ("statement_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "15s"),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(is_alive(connection, meta.idle_for)))
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Applies new migrations. Several processes may call this at the same time: the others wait.
    pub async fn migrate(&self) -> Result<()> {
        // Migrations may take longer than the statements of a request.
        let mut connection = self.connect_directly().await?;
        sqlx::raw_sql("set statement_timeout = 0")
            .execute(&mut connection)
            .await?;
        MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .map_err(Error::from)
    }

    /// Whether the database is reachable and has all migrations of this program.
    pub async fn is_ready(&self) -> bool {
        let newest = MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0);
        #[expect(
            clippy::disallowed_methods,
            reason = "sqlx's own table is not in the schema"
        )]
        let applied = sqlx::query_scalar::<_, Option<i64>>(
            "select max(version) from _sqlx_migrations where success",
        );
        matches!(applied.fetch_one(&self.pool).await, Ok(Some(applied)) if applied >= newest)
    }

    /// The version of the server: 150004 is 15.4. `None` if it does not report one.
    pub async fn server_version(&self) -> Result<Option<u32>> {
        Ok(self.connect_directly().await?.server_version_num())
    }

    /// Opens a connection outside the pool. Its error states the reason; the pool only reports a timeout.
    async fn connect_directly(&self) -> Result<Connection> {
        let options = self.pool.connect_options();
        let connecting = <Connection as sqlx::Connection>::connect_with(&options);
        let connected = tokio::time::timeout(ACQUIRE_TIMEOUT, connecting).await;
        Ok(connected.map_err(|_| sqlx::Error::PoolTimedOut)??)
    }

    /// The number of busy and idle connections, and the maximum.
    pub fn connections(&self) -> [usize; 3] {
        let open = usize::try_from(self.pool.size()).unwrap_or(usize::MAX);
        let idle = self.pool.num_idle();
        let max = usize::try_from(MAX_CONNECTIONS).unwrap_or(usize::MAX);
        // The numbers are read one after the other, so idle may exceed open.
        [open.saturating_sub(idle), idle, max]
    }

    /// For a single statement.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// For several statements without a transaction.
    pub async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    pub async fn begin(&self) -> Result<Tx> {
        Ok(self.pool.begin().await?)
    }

    /// Waits until all connections are returned, and closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
