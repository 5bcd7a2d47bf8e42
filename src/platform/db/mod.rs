//! PostgreSQL: connection pool, transactions, migrations and errors.
//!
//! SQL stands in `store.rs` files, in the session store and in the audit log. They take an [`Executor`]: the
//! pool for a single statement, `&mut *tx` inside a transaction, and all work behind a pooler
//! ([`connection`]). Handlers and jobs begin and commit; verbs never do.

mod connection;
mod error;

pub mod cluster;

use std::sync::LazyLock;
use std::time::Duration;

pub use connection::{Connection, Pool, Tx};
pub use error::Error;
use secrecy::{ExposeSecret, SecretString};
pub use sqlx::PgExecutor as Executor;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection as _, Row};

pub type Result<T, E = Error> = std::result::Result<T, E>;

const MAX_CONNECTIONS: u32 = 24;
/// How long a request waits for a connection before it fails as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(6);
/// A connection that was idle for longer is tested before use. Under load connections are not idle, so
/// the test adds no round trips.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!();
    // sqlx locks the session, which a pooler in transaction mode does not keep.
    migrations.set_locking(false);
    migrations
});

/// Locks the schema for one transaction: one process at a time migrates.
const BEGIN_MIGRATION: &str = "begin; set local statement_timeout = 0; \
                               set local idle_in_transaction_session_timeout = 0; \
                               select pg_advisory_xact_lock(7020350517268042)";

/// A setting that only this program knows, sent when a connection starts. A pooler refuses or ignores it.
const DIRECT_MARK: (&str, &str) = ("profiles.connection", "direct");

async fn is_alive(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > TEST_AFTER_IDLE {
        connection.ping().await?;
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
    pool: Pool,
    /// How to connect through a pooler in transaction mode.
    pooler_options: PgConnectOptions,
}

impl Db {
    /// Opens a pool without connecting: the server may start before its database.
    pub fn open(url: &SecretString) -> Result<Self> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let pooler_options = options
            .application_name("profiles")
            // Poolers refuse it, and no statement returns a float as text.
            .extra_float_digits(None);
        let options = pooler_options
            .clone()
            .options([DIRECT_MARK])
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
        Ok(Self {
            pool: Pool::new(pool),
            pooler_options,
        })
    }

    /// Applies new migrations. Several processes may call this at the same time: the others wait.
    pub async fn migrate(&self) -> Result<()> {
        let mut connection = self.connect_directly().await?;
        // Migrations may take longer than the statements of a request.
        let mut tx = connection.begin_with(BEGIN_MIGRATION).await?;
        MIGRATIONS.run_direct(None, &mut *tx, false).await?;
        // A pooler would give this session, with its named statements, to another client.
        tx.clear_cached_statements().await?;
        tx.commit().await?;
        Ok(())
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
        matches!(applied.fetch_one(self.pool()).await, Ok(Some(applied)) if applied >= newest)
    }

    /// The version of the server: 150004 is 15.4. `None` if it does not report one.
    pub async fn server_version(&self) -> Result<Option<u32>> {
        Ok(self.connect_directly().await?.server_version_num())
    }

    /// Whether a pooler in transaction mode, such as PgBouncer, is in between. Known once a connection was opened by
    /// [`Self::migrate`] or [`Self::server_version`].
    pub fn is_behind_pooler(&self) -> bool {
        self.pool.is_behind_pooler()
    }

    /// Opens a connection outside the pool, and detects a pooler. Its error states the reason; the pool only
    /// reports a timeout.
    async fn connect_directly(&self) -> Result<PgConnection> {
        if !self.is_behind_pooler() {
            if let Some(connection) = self.connect_without_pooler().await? {
                return Ok(connection);
            }
            tracing::info!("the database is behind a pooler: no named statements are used");
            self.pool.switch_to_pooler(self.pooler_options.clone());
        }
        Ok(connect(&self.pooler_options).await?)
    }

    /// None if a pooler is in between.
    async fn connect_without_pooler(&self) -> Result<Option<PgConnection>> {
        let mut connection = match connect(&self.pool.sqlx().connect_options()).await {
            Ok(connection) => connection,
            Err(error) if is_refused_by_pooler(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let is_direct = is_direct(&mut connection).await?;
        Ok(is_direct.then_some(connection))
    }

    /// The number of busy and idle connections, and the maximum.
    pub fn connections(&self) -> [usize; 3] {
        let pool = self.pool.sqlx();
        let open = usize::try_from(pool.size()).unwrap_or(usize::MAX);
        let idle = pool.num_idle();
        let max = usize::try_from(MAX_CONNECTIONS).unwrap_or(usize::MAX);
        // The numbers are read one after the other, so idle may exceed open.
        [open.saturating_sub(idle), idle, max]
    }

    /// For a single statement.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// For several statements without a transaction.
    pub async fn connection(&self) -> Result<Connection> {
        Ok(self.pool.acquire().await?)
    }

    pub async fn begin(&self) -> Result<Tx> {
        Ok(self.pool.begin().await?)
    }

    /// Waits until all connections are returned, and closes them.
    pub async fn close(&self) {
        self.pool.sqlx().close().await;
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = PgConnection::connect_with(options);
    let connected = tokio::time::timeout(ACQUIRE_TIMEOUT, connecting).await;
    connected.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Whether the session of PostgreSQL has the settings that were sent when the connection started.
async fn is_direct(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mark = sqlx::raw_sql("select current_setting('profiles.connection', true)");
    let row = mark.fetch_one(connection).await?;
    let mark: Option<String> = row.try_get(0)?;
    Ok(mark.as_deref() == Some(DIRECT_MARK.1))
}

/// PgBouncer refuses settings at the start of a connection, unless it is told to ignore them.
fn is_refused_by_pooler(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.message().contains("unsupported startup parameter"))
}
