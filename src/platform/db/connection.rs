//! Connections that also work behind a pooler in transaction mode, such as PgBouncer.
//!
//! Such a pooler gives a client another session of PostgreSQL for every transaction. So nothing may live longer
//! than a transaction: no named statements, no settings of the session, no locks of the session. Even a single
//! statement needs a transaction, because it is sent in two steps (parse, execute).
//!
//! Decision: both kinds of connections have the same types, because stores then need not know which one they
//! use; and the pooler is detected, because a setting would be forgotten until statements fail at random.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{TryFutureExt, TryStreamExt, stream};
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgArguments, PgConnectOptions, PgConnection, PgPool, PgQueryResult, PgRow, PgStatement,
    PgTypeInfo,
};
use sqlx::{Describe, Either, Execute, Executor, Postgres, SqlStr, Transaction};

/// A result of a statement: how many rows it changed, or a row.
type Answer = Either<PgQueryResult, PgRow>;
type Result<T> = std::result::Result<T, sqlx::Error>;

/// What [`super::Db`] sets for the session, set for one transaction.
const BEGIN_BEHIND_POOLER: &str = "begin; set local statement_timeout = '10s'; \
                                   set local idle_in_transaction_session_timeout = '15s'";

/// The connection pool, to run single statements. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool {
    pool: PgPool,
    is_behind_pooler: Arc<AtomicBool>,
}

/// One connection, inside a transaction or not.
#[derive(Debug)]
pub struct Connection {
    lease: Lease,
    is_behind_pooler: bool,
}

#[derive(Debug)]
enum Lease {
    Session(PoolConnection<Postgres>),
    Transaction(Transaction<'static, Postgres>),
}

/// One connection inside a transaction; rolls back unless committed.
#[derive(Debug)]
pub struct Tx(Connection);

impl Pool {
    pub(super) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            is_behind_pooler: Arc::default(),
        }
    }

    /// From now on connects with these options and sends only what a pooler in transaction mode allows.
    pub(super) fn switch_to_pooler(&self, options: PgConnectOptions) {
        self.pool.set_connect_options(options);
        self.is_behind_pooler.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_behind_pooler(&self) -> bool {
        self.is_behind_pooler.load(Ordering::Relaxed)
    }

    /// The pool of sqlx, for what is no statement.
    pub(super) fn sqlx(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn begin(&self) -> Result<Tx> {
        let is_behind_pooler = self.is_behind_pooler();
        let transaction = if is_behind_pooler {
            self.pool.begin_with(BEGIN_BEHIND_POOLER).await?
        } else {
            self.pool.begin().await?
        };
        Ok(Tx(Connection {
            lease: Lease::Transaction(transaction),
            is_behind_pooler,
        }))
    }

    pub(super) async fn acquire(&self) -> Result<Connection> {
        Ok(Connection {
            lease: Lease::Session(self.pool.acquire().await?),
            is_behind_pooler: self.is_behind_pooler(),
        })
    }
}

impl Tx {
    pub async fn commit(self) -> Result<()> {
        match self.0.lease {
            Lease::Transaction(transaction) => transaction.commit().await,
            // Not built anywhere.
            Lease::Session(_) => Ok(()),
        }
    }
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Connection {
    fn sqlx(&mut self) -> &mut PgConnection {
        match &mut self.lease {
            Lease::Session(session) => session,
            Lease::Transaction(transaction) => transaction,
        }
    }

    /// Whether a statement needs a transaction of its own.
    fn needs_transaction(&self) -> bool {
        self.is_behind_pooler && matches!(self.lease, Lease::Session(_))
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Answer>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if !self.is_behind_pooler {
            return self.sqlx().fetch_many(query);
        }
        if !self.needs_transaction() {
            return self.sqlx().fetch_many(UnnamedStatement(query));
        }
        let answers = async move {
            let mut tx = begin_on(self.sqlx()).await?;
            let answers = (&mut *tx).fetch_many(UnnamedStatement(query));
            let answers: Vec<_> = answers.try_collect().await?;
            tx.commit().await?;
            Ok(stream::iter(answers.into_iter().map(Ok)))
        };
        Box::pin(answers.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if !self.is_behind_pooler {
            return self.sqlx().fetch_optional(query);
        }
        if !self.needs_transaction() {
            return self.sqlx().fetch_optional(UnnamedStatement(query));
        }
        Box::pin(async move {
            let mut tx = begin_on(self.sqlx()).await?;
            let row = (&mut *tx).fetch_optional(UnnamedStatement(query)).await?;
            tx.commit().await?;
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement>>
    where
        'c: 'e,
    {
        self.sqlx().prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        self.sqlx().describe(sql)
    }
}

impl<'p> Executor<'p> for &'p Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Answer>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if !self.is_behind_pooler() {
            return self.pool.fetch_many(query);
        }
        let answers = async move {
            let mut tx = self.begin().await?;
            let answers: Vec<_> = (&mut *tx).fetch_many(query).try_collect().await?;
            tx.commit().await?;
            Ok(stream::iter(answers.into_iter().map(Ok)))
        };
        Box::pin(answers.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if !self.is_behind_pooler() {
            return self.pool.fetch_optional(query);
        }
        Box::pin(async move {
            let mut tx = self.begin().await?;
            let row = (&mut *tx).fetch_optional(query).await?;
            tx.commit().await?;
            Ok(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        self.pool.describe(sql)
    }
}

async fn begin_on(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>> {
    sqlx::Connection::begin_with(connection, BEGIN_BEHIND_POOLER).await
}

/// A query as an unnamed statement, which ends with its transaction.
struct UnnamedStatement<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for UnnamedStatement<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> std::result::Result<Option<PgArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}
