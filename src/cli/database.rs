//! The database of a command: the configured one, or the private cluster in the data folder, which is started if
//! no other process runs it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{CommandError, say};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::cluster::{Cluster, Durability};
use crate::platform::db::{Db, cluster};

/// How long a command waits for a starting database.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The advice when a configured database cannot be reached.
pub(super) const CONNECTION_ADVICE: &str =
    "See that the server runs and that DATABASE_URL has the right host, name and password";

/// An open, migrated database, with its private cluster if it has one.
pub(super) struct OpenDatabase {
    pub db: Db,
    /// The data folder: the configured one, or the one of the cluster.
    pub data_dir: PathBuf,
    /// For people, without the password.
    description: String,
    cluster: Option<Cluster>,
}

/// Where the database is.
struct DatabaseLocation {
    url: SecretString,
    data_dir: PathBuf,
    cluster: Option<Cluster>,
}

/// Opens the database for the server, which must be the only user of a private cluster.
pub(super) async fn open_to_serve(config: &Config) -> Result<OpenDatabase, CommandError> {
    open(config, |data_dir| start(&data_dir)).await
}

/// Opens the database for a command, and tells which one it is. A server may be running. A private cluster is
/// not created: a command in an unexpected folder would write to a database that no server reads.
pub(super) async fn open_beside(config: &Config) -> Result<OpenDatabase, CommandError> {
    let opened = open(config, |data_dir| {
        if !cluster::exists(&data_dir) {
            return Err(CommandError::new(format!(
                "there is no database in {}, and DATABASE_URL is not set. Set DATABASE_URL, or run this in the \
                 folder where the server runs (or with its PROFILES_DATA_DIR)",
                data_dir.display()
            )));
        }
        find_or_start(&data_dir)
    })
    .await?;
    say(format_args!("database: {}", opened.description));
    Ok(opened)
}

/// Opens the database, and creates the private cluster if there is none.
pub(super) async fn open_or_create(config: &Config) -> Result<OpenDatabase, CommandError> {
    open(config, |data_dir| find_or_start(&data_dir)).await
}

fn find_or_start(data_dir: &Path) -> Result<DatabaseLocation, CommandError> {
    match cluster::find_running(data_dir).map_err(command_error)? {
        Some(running) => Ok(DatabaseLocation {
            url: running.url,
            data_dir: running.data_dir,
            cluster: None,
        }),
        None => start(data_dir),
    }
}

impl OpenDatabase {
    /// Whether it is the private cluster.
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
    let location = match &config.database_url {
        Some(url) => DatabaseLocation {
            url: url.clone(),
            data_dir,
            cluster: None,
        },
        None => tokio::task::spawn_blocking(move || private(data_dir))
            .await
            .map_err(|error| CommandError::while_doing("starting the database", error))??,
    };
    let description = match &config.database_url {
        Some(url) => describe_url(url),
        None => format!("the private PostgreSQL in {}", location.data_dir.display()),
    };
    let db = Db::open(&location.url)
        .map_err(|error| CommandError::while_doing("DATABASE_URL", error))?;
    migrate(&db).await.map_err(|error| match error {
        db::Error::Migration(_) => CommandError::while_doing("preparing the database", error),
        _ if location.cluster.is_some() => {
            CommandError::while_doing("preparing the database", error)
        }
        _ => CommandError::new(format!("{error}. {CONNECTION_ADVICE}")),
    })?;
    Ok(OpenDatabase {
        db,
        data_dir: location.data_dir,
        description,
        cluster: location.cluster,
    })
}

/// Name and host of a configured database, without its account and password.
fn describe_url(url: &SecretString) -> String {
    let url: Option<Url> = url.expose_secret().parse().ok();
    let described = url.and_then(|url| {
        let name = url.path().trim_start_matches('/');
        let port = url.port().unwrap_or(5432);
        Some(format!(
            "{name} at {}:{port} (DATABASE_URL)",
            url.host_str()?
        ))
    });
    described.unwrap_or_else(|| "the one of DATABASE_URL".to_owned())
}

/// Starts the private cluster. Blocks.
fn start(data_dir: &Path) -> Result<DatabaseLocation, CommandError> {
    let cluster = cluster::start(data_dir, Durability::Safe).map_err(command_error)?;
    if let Some(configured) = cluster.moved_from() {
        say(format_args!(
            "PostgreSQL cannot run in {}, which is closed to its account: the data is in {}",
            configured.display(),
            cluster.data_dir().display()
        ));
    }
    Ok(DatabaseLocation {
        url: cluster.url(),
        data_dir: cluster.data_dir().to_owned(),
        cluster: Some(cluster),
    })
}

/// The texts of these errors say what to do.
#[expect(
    clippy::needless_pass_by_value,
    reason = "its callers map an error with it"
)]
fn command_error(error: cluster::ClusterError) -> CommandError {
    CommandError::new(error.to_string())
}

/// Applies migrations. Waits for a server that is starting.
async fn migrate(db: &Db) -> db::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match db.migrate().await {
            Ok(()) => return Ok(()),
            Err(error @ db::Error::Unavailable(_)) if waited < START_TIMEOUT => {
                if waited.is_zero() {
                    say(format_args!("waiting for the database: {error}"));
                }
                tokio::time::sleep(RETRY_INTERVAL).await;
                waited += RETRY_INTERVAL;
            }
            Err(error) => return Err(error),
        }
    }
}
