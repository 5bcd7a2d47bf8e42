//! What can go wrong between us and the database, sorted by who can do something about it.

/// A failure of the database. Its text is for the log; visitors are told only which kind it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not reachable, starting, stopping or out of connections: the same request may work in a moment.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A rule of the schema said no; the name is the constraint's.
    #[error("the database refused: {constraint}")]
    Constraint {
        constraint: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A statement and the schema do not fit each other, or a value did not read: ours to mend.
    #[error("the database failed: {0}")]
    Broken(#[source] sqlx::Error),
}

impl Error {
    /// Turns the database's own guard into the room's word for it, and leaves every other error alone.
    pub fn on_constraint<E: From<Self>>(self, name: &str, told: E) -> E {
        match &self {
            Self::Constraint { constraint, .. } if constraint == name => told,
            _ => self.into(),
        }
    }

    /// Whether the same request may work in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(told) => {
                // Classes of PostgreSQL's error codes, appendix A of its manual: 08 connection,
                // 53 out of resources, 57 an operator stepped in (shutdown, start-up, time limit),
                // 40 two transactions in each other's way, 55P03 a lock that did not come.
                let code = told.code().unwrap_or_default();
                let passing = ["08", "53", "57", "40", "55P03"];
                if passing.iter().any(|class| code.starts_with(class)) {
                    return Self::Unavailable(error);
                }
                match told.constraint().map(str::to_owned) {
                    Some(constraint) => Self::Constraint {
                        constraint,
                        source: error,
                    },
                    None => Self::Broken(error),
                }
            }
            _ => Self::Broken(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => error.into(),
            error => Self::Migration(error),
        }
    }
}
