//! PostgreSQL: the pool, transactions, and what its errors mean to the rest of the house.
//!
//! Only `store.rs` files say SQL. They take an [`Executor`]: the pool for a single statement,
//! `&mut *tx` inside a transaction. Handlers and jobs begin and commit; verbs never do.

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

const CONNECTIONS: u32 = 24;
/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(6);
/// A connection that rested this long is asked whether it still lives before it is used. Under load
/// none rests, so the question costs no round trip there.
const RESTED: Duration = Duration::from_secs(1);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

async fn is_alive(connection: &mut Connection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > RESTED {
        sqlx::Connection::ping(connection).await?;
    }
    Ok(true)
}

/// Marks a point in a transaction, in place of the mark before.
pub async fn set_mark(tx: &mut Tx) -> Result<()> {
    sqlx::raw_sql("savepoint mark").execute(&mut **tx).await?;
    Ok(())
}

/// Undoes what was done since the mark, also after a statement that failed.
pub async fn back_to_mark(tx: &mut Tx) -> Result<()> {
    sqlx::raw_sql("rollback to savepoint mark")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The database, as every room knows it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
}

impl Db {
    /// Opens a pool. Does not connect yet: a server may start before its database does.
    pub fn open(url: &SecretString) -> Result<Self> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let options = options
            .application_name("profiles")
            // Nothing here takes long; what does is stuck and must not hold its locks.
            .options([
                ("statement_timeout", "10s"),
                ("idle_in_transaction_session_timeout", "15s"),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(is_alive(connection, meta.idle_for)))
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    /// Brings the schema up to date. Several programs may do so at once: one works, the others wait.
    pub async fn migrate(&self) -> Result<()> {
        // Migrations may rightly take longer than any request.
        let mut connection = self.connect_alone().await?;
        sqlx::raw_sql("set statement_timeout = 0")
            .execute(&mut connection)
            .await?;
        MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .map_err(Error::from)
    }

    /// Whether the database answers and its schema is the one this program was built for.
    pub async fn is_ready(&self) -> bool {
        let newest = MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0);
        #[expect(
            clippy::disallowed_methods,
            reason = "the migrator's own table, not in the schema"
        )]
        let applied = sqlx::query_scalar::<_, Option<i64>>(
            "select max(version) from _sqlx_migrations where success",
        );
        matches!(applied.fetch_one(&self.pool).await, Ok(Some(applied)) if applied >= newest)
    }

    /// The server's version as it counts itself: 150004 is 15.4. `None` if it does not say.
    pub async fn server_version(&self) -> Result<Option<u32>> {
        Ok(self.connect_alone().await?.server_version_num())
    }

    /// A connection beside the pool, which tells why it cannot be made: the pool only says that it
    /// has waited.
    async fn connect_alone(&self) -> Result<Connection> {
        let options = self.pool.connect_options();
        let connecting = <Connection as sqlx::Connection>::connect_with(&options);
        let connected = tokio::time::timeout(PATIENCE, connecting).await;
        Ok(connected.map_err(|_| sqlx::Error::PoolTimedOut)??)
    }

    /// Connections that are at work, that rest, and that there may be.
    pub fn connections(&self) -> [usize; 3] {
        let open = usize::try_from(self.pool.size()).unwrap_or(usize::MAX);
        let idle = self.pool.num_idle();
        let most = usize::try_from(CONNECTIONS).unwrap_or(usize::MAX);
        // The two are read one after the other.
        [open.saturating_sub(idle), idle, most]
    }

    /// For a single statement.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// For several statements that need no transaction.
    pub async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    pub async fn begin(&self) -> Result<Tx> {
        Ok(self.pool.begin().await?)
    }

    /// Waits until every connection is given back and closes them.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
