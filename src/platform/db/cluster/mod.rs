//! The embedded database: a private PostgreSQL cluster in the data folder, for whoever has
//! configured none, and for tests.
//!
//! ```text
//! start ──▶ home       which folder, whose account; lock, password, log
//!       ──▶ binaries   which PostgreSQL
//!       ──▶ make       initdb, once
//!       ──▶ serve      postgres on a free port, watched, so that it stops when we do
//!       ──▶ set_up     our role and our database
//! ```
//!
//! Decision: the programs of the machine, instead of a PostgreSQL compiled in or downloaded. They
//! are patched by the platform, keep data for ten years, and need no place on the internet.
//!
//! Decision: a shell with a pipe holds the server, instead of a handler for signals. It also
//! works when this program is killed.
//!
//! Decision: Profiles is an ordinary role that owns its database, instead of the cluster's
//! superuser, who may run programs and read files through SQL.

mod account;
mod binaries;
mod error;
mod home;
mod make;
mod password;
mod postmaster;
mod serve;
mod set_up;
mod watched;

use std::fs::File;
use std::path::{Path, PathBuf};

pub use error::ClusterError;
use home::ClusterHome;
use postmaster::PostmasterPid;
use secrecy::{ExposeSecret, SecretString};
use set_up::PROFILES;
use watched::WatchedProcess;

/// Where the cluster goes when `./data` is closed to the account PostgreSQL runs as.
const FALLBACK: &str = "/var/lib/profiles";

/// Whether the data matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What is committed survives a crash of the machine.
    Safe,
    /// For tests: quick, and deleted when stopped.
    Scratch,
}

/// A running PostgreSQL of our own. Dropping it stops it, and it stops by itself when this program
/// is killed.
#[derive(Debug)]
pub struct Cluster {
    home: ClusterHome,
    port: u16,
    password: SecretString,
    durability: Durability,
    server: Option<WatchedProcess>,
    /// Held so that no second program uses the folder; let go of after the server has stopped.
    _lock: File,
}

/// Starts the cluster in `data_dir`, and makes it where there is none yet (some seconds).
///
/// Started by root, the server runs as `postgres` or `nobody`; if that account cannot reach
/// `./data`, the cluster is in `/var/lib/profiles` and [`Cluster::moved_from`] tells so.
///
/// Blocks, for minutes at worst when the server has to recover from a crash.
pub fn start(data_dir: &Path, durability: Durability) -> Result<Cluster, ClusterError> {
    let home = ClusterHome::choose(data_dir, Path::new(FALLBACK))?;
    let lock = home.lock()?;
    let binaries = binaries::find(&home.cluster())?;
    let log = home.new_log()?;
    serve::see_off_leftover(&home)?;

    let password = match (home.is_made(), password::find(&home)?) {
        (false, _) => make::make(&home, &binaries, durability, &log)?,
        (true, None) => make::renew_password(&home, &binaries, &log)?,
        (true, Some(password)) => password,
    };
    let (server, port) = serve::serve(&home, &binaries, durability, &log, serve::free_port)?;
    set_up::set_up(&home, port, &password)?;
    Ok(Cluster {
        home,
        port,
        password,
        durability,
        server: Some(server),
        _lock: lock,
    })
}

/// The cluster in `data_dir` that another Profiles runs at this moment, if one does.
pub fn find_running(data_dir: &Path) -> Result<Option<RunningCluster>, ClusterError> {
    let home = ClusterHome::choose(data_dir, Path::new(FALLBACK))?;
    if !matches!(home.lock(), Err(ClusterError::InUse { .. })) {
        return Ok(None);
    }
    let postmaster = PostmasterPid::of(&home.cluster()).filter(|postmaster| postmaster.ready);
    let password = password::find(&home)?;
    Ok(postmaster
        .zip(password)
        .map(|(postmaster, password)| RunningCluster {
            url: url(postmaster.port, &password),
            data_dir: home.data_dir().to_owned(),
        }))
}

/// A cluster that belongs to another process.
#[derive(Debug)]
pub struct RunningCluster {
    /// Carries the password.
    pub url: SecretString,
    pub data_dir: PathBuf,
}

fn url(port: u16, password: &SecretString) -> SecretString {
    let password = password.expose_secret();
    format!("postgres://{PROFILES}:{password}@127.0.0.1:{port}/{PROFILES}").into()
}

impl Cluster {
    /// The address of the database, for sqlx and others. It carries the password.
    pub fn url(&self) -> SecretString {
        url(self.port, &self.password)
    }

    /// The data folder in use, for whatever else belongs there.
    pub fn data_dir(&self) -> &Path {
        self.home.data_dir()
    }

    /// The data folder that was asked for, if it had to be another one.
    pub fn moved_from(&self) -> Option<&Path> {
        self.home.instead_of.as_deref()
    }

    /// Stops the server and waits until it has. What is still connected is cut off.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.take());
        if self.durability == Durability::Scratch {
            // What cannot be deleted is a few small files among the temporary ones.
            let _ = home::remove(self.home.folder());
        }
    }
}
