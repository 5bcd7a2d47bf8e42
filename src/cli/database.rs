//! The database a command works on: the one that is configured, or a private cluster in the data
//! folder, which is started if no other process runs it.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::{CommandError, say};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::cluster::{Cluster, Durability};
use crate::platform::db::{Db, cluster};

/// How long a command waits for a database that is just starting.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// What to do when a configured database does not let us in.
pub(super) const TO_REACH_IT: &str =
    "See that the server runs and that DATABASE_URL has the right host, name and password";

/// An open database, up to date, and what has to outlive it.
pub(super) struct OpenDatabase {
    pub db: Db,
    /// Where pictures and the server's secret belong: what is configured, or where the cluster is.
    pub data_dir: PathBuf,
    cluster: Option<Cluster>,
}

/// Where the database is.
struct DatabaseLocation {
    url: SecretString,
    data_dir: PathBuf,
    cluster: Option<Cluster>,
}

/// Opens the database for the server, which has a private cluster to itself.
pub(super) async fn open_to_serve(config: &Config) -> Result<OpenDatabase, CommandError> {
    open(config, |data_dir| start(&data_dir)).await
}

/// Opens the database for a short command, beside a server that may be running.
pub(super) async fn open_beside(config: &Config) -> Result<OpenDatabase, CommandError> {
    open(config, |data_dir| {
        match cluster::find_running(&data_dir).map_err(told)? {
            Some(running) => Ok(DatabaseLocation {
                url: running.url,
                data_dir: running.data_dir,
                cluster: None,
            }),
            None => start(&data_dir),
        }
    })
    .await
}

impl OpenDatabase {
    /// Whether it is the private cluster: nobody has configured anything.
    pub(super) fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    pub(super) async fn close(self) {
        self.db.close().await;
        // Waits until the server has stopped.
        let _ = tokio::task::spawn_blocking(move || drop(self.cluster)).await;
    }
}

async fn open(
    config: &Config,
    private: impl FnOnce(PathBuf) -> Result<DatabaseLocation, CommandError> + Send + 'static,
) -> Result<OpenDatabase, CommandError> {
    let data_dir = config.data_dir.clone();
    let place = match &config.database_url {
        Some(url) => DatabaseLocation {
            url: url.clone(),
            data_dir,
            cluster: None,
        },
        None => tokio::task::spawn_blocking(move || private(data_dir))
            .await
            .map_err(|error| CommandError::while_doing("starting the database", error))??,
    };
    let db =
        Db::open(&place.url).map_err(|error| CommandError::while_doing("DATABASE_URL", error))?;
    migrate(&db).await.map_err(|error| match error {
        db::Error::Migration(_) => CommandError::while_doing("preparing the database", error),
        _ if place.cluster.is_some() => CommandError::while_doing("preparing the database", error),
        _ => CommandError::new(format!("{error}. {TO_REACH_IT}")),
    })?;
    Ok(OpenDatabase {
        db,
        data_dir: place.data_dir,
        cluster: place.cluster,
    })
}

/// Starts the private cluster. Blocks.
fn start(data_dir: &std::path::Path) -> Result<DatabaseLocation, CommandError> {
    let cluster = cluster::start(data_dir, Durability::Safe).map_err(told)?;
    if let Some(asked) = cluster.moved_from() {
        say(format_args!(
            "PostgreSQL cannot run in {}, which is closed to its account: the data is in {}",
            asked.display(),
            cluster.data_dir().display()
        ));
    }
    Ok(DatabaseLocation {
        url: cluster.url(),
        data_dir: cluster.data_dir().to_owned(),
        cluster: Some(cluster),
    })
}

/// These errors say what to do themselves.
#[expect(
    clippy::needless_pass_by_value,
    reason = "its callers map an error with it"
)]
fn told(error: cluster::ClusterError) -> CommandError {
    CommandError::new(error.to_string())
}

/// Brings the schema up to date: whoever comes first does. Waits for a server that is just starting.
async fn migrate(db: &Db) -> db::Result<()> {
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
            Err(error) => return Err(error),
        }
    }
}
