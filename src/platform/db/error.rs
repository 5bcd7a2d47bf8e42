//! Database errors, by what can be done about them.

/// A database error. Its text is for the log; responses reveal only whether it is transient.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not reachable, starting, stopping or out of connections: the same request may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A constraint of the schema was violated.
    #[error("the database refused: {constraint}")]
    Constraint {
        constraint: String,
        #[source]
        source: sqlx::Error,
    },
    #[error("the schema could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A statement does not fit the schema, or a value could not be decoded: a bug.
    #[error("the database failed: {0}")]
    Broken(#[source] sqlx::Error),
}

impl Error {
    /// Replaces the violation of the named constraint by another error, and keeps all other errors.
    pub fn map_constraint<E: From<Self>>(self, name: &str, replacement: E) -> E {
        match &self {
            Self::Constraint { constraint, .. } if constraint == name => replacement,
            _ => self.into(),
        }
    }

    /// Whether the same request may succeed in a few seconds.
    pub fn is_transient(&self) -> bool {
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
            sqlx::Error::Database(database_error) => {
                // PostgreSQL error codes (appendix A of its manual): 08 connection exception,
                // 53 insufficient resources, 57 operator intervention (shutdown, start-up, timeout),
                // 40 transaction rollback (deadlock), 55P03 lock not available.
                let code = database_error.code().unwrap_or_default();
                let transient = ["08", "53", "57", "40", "55P03"];
                if transient.iter().any(|class| code.starts_with(class)) {
                    return Self::Unavailable(error);
                }
                match database_error.constraint().map(str::to_owned) {
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
