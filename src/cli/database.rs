//! The database a command works on.

use std::time::Duration;

use crate::config::Config;
use crate::db;
use crate::db::Db;

use super::Failure;
use super::say;

/// How long a command waits for a database that is just starting.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Opens the database and brings it up to date, since a command may be the first to meet it.
pub(super) async fn open(config: &Config) -> Result<Db, Failure> {
    let Some(url) = &config.database_url else {
        return Err(Failure::new(
            "DATABASE_URL is not set; set it to postgres://user:password@host/name",
        ));
    };
    let db = Db::open(url).map_err(|error| Failure::while_doing("DATABASE_URL", error))?;
    migrate(&db).await?;
    Ok(db)
}

async fn migrate(db: &Db) -> Result<(), Failure> {
    let mut waited = Duration::ZERO;
    loop {
        match db.migrate().await {
            Ok(()) => return Ok(()),
            Err(error @ db::Error::Unavailable(_)) if waited < PATIENCE => {
                if waited.is_zero() {
                    say(format_args!("waiting for the database: {error}"));
                }
                tokio::time::sleep(BETWEEN_TRIES).await;
                waited += BETWEEN_TRIES;
            }
            Err(error) => {
                return Err(Failure::while_doing("preparing the database", error));
            }
        }
    }
}
