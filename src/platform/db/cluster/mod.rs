//! The private PostgreSQL cluster: a database in the data folder, used when `DATABASE_URL` is not set,
//! and by tests.
//!
//! ```text
//! start ──▶ files      the folder and its owner; lock, password, log
//!       ──▶ binaries   finds the programs of PostgreSQL
//!       ──▶ init       initdb, once
//!       ──▶ server     postgres on a free port, stopped together with Profiles
//!       ──▶ role       the role and the database of Profiles
//! ```
//!
//! Decision: use the PostgreSQL that is installed on the machine, instead of one compiled in or
//! downloaded, because the operating system patches it and it needs no download.
//!
//! Decision: a shell that reads from a pipe supervises the server, instead of a signal handler, because
//! it also stops the server when Profiles is killed.
//!
//! Decision: Profiles is an ordinary role that owns its database, instead of the superuser, because a
//! superuser may run programs and read files through SQL.

mod binaries;
mod error;
mod files;
mod init;
mod os_account;
mod password;
mod postmaster_pid;
mod role;
mod server;
mod watched_process;

use std::fs::File;
use std::path::{Path, PathBuf};

pub use error::ClusterError;
use files::ClusterFiles;
use postmaster_pid::PostmasterPid;
use role::PROFILES;
use secrecy::{ExposeSecret, SecretString};
use watched_process::WatchedProcess;

/// Where the data folder is when the account that runs PostgreSQL cannot reach `./data`. Each `./data` has a
/// folder of its own in it.
const FALLBACK_DATA_DIRS: &str = "/var/lib/profiles";

/// Whether the data must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Committed data survives a crash of the machine.
    Safe,
    /// For tests: fast, and deleted when stopped.
    Scratch,
}

/// The running private cluster. Dropping it stops the server; killing this process stops it too.
#[derive(Debug)]
pub struct Cluster {
    files: ClusterFiles,
    port: u16,
    password: SecretString,
    durability: Durability,
    server: Option<WatchedProcess>,
    /// Keeps other processes from using the folder; released after the server has stopped.
    _lock: File,
}

/// Starts the cluster in `data_dir`, after creating it if there is none (some seconds).
///
/// When started by root, the server runs as `postgres` or `nobody`. If that account cannot reach
/// `./data`, the cluster is created below `/var/lib/profiles`; see [`Cluster::moved_from`].
///
/// Blocks, possibly for minutes if the server has to recover from a crash.
pub fn start(data_dir: &Path, durability: Durability) -> Result<Cluster, ClusterError> {
    let files = ClusterFiles::choose(data_dir, Path::new(FALLBACK_DATA_DIRS))?;
    let lock = files.lock()?;
    let binaries = binaries::find(&files.cluster())?;
    let log = files.rotate_log()?;
    server::wait_for_leftover(&files)?;

    let password = match (files.is_initialised(), password::find(&files)?) {
        (false, _) => init::init_cluster(&files, &binaries, durability, &log)?,
        (true, None) => init::reset_password(&files, &binaries, &log)?,
        (true, Some(password)) => password,
    };
    let (server, port) =
        server::start_server(&files, &binaries, durability, &log, server::free_port)?;
    role::create_role_and_database(&files, port, &password)?;
    Ok(Cluster {
        files,
        port,
        password,
        durability,
        server: Some(server),
        _lock: lock,
    })
}

/// Whether there is a cluster in `data_dir`, running or not. Creates nothing.
pub fn exists(data_dir: &Path) -> bool {
    ClusterFiles::exist(data_dir, Path::new(FALLBACK_DATA_DIRS))
}

/// Finds the cluster in `data_dir` that another Profiles process is running.
pub fn find_running(data_dir: &Path) -> Result<Option<RunningCluster>, ClusterError> {
    let files = ClusterFiles::choose(data_dir, Path::new(FALLBACK_DATA_DIRS))?;
    if !matches!(files.lock(), Err(ClusterError::InUse { .. })) {
        return Ok(None);
    }
    let postmaster = PostmasterPid::read(&files.cluster()).filter(|postmaster| postmaster.ready);
    let password = password::find(&files)?;
    Ok(postmaster
        .zip(password)
        .map(|(postmaster, password)| RunningCluster {
            url: url(postmaster.port, &password),
            data_dir: files.data_dir().to_owned(),
        }))
}

/// A cluster that another process runs.
#[derive(Debug)]
pub struct RunningCluster {
    /// Contains the password.
    pub url: SecretString,
    pub data_dir: PathBuf,
}

fn url(port: u16, password: &SecretString) -> SecretString {
    let password = password.expose_secret();
    format!("postgres://{PROFILES}:{password}@127.0.0.1:{port}/{PROFILES}").into()
}

impl Cluster {
    /// The URL of the database. Contains the password.
    pub fn url(&self) -> SecretString {
        url(self.port, &self.password)
    }

    /// The data folder in use.
    pub fn data_dir(&self) -> &Path {
        self.files.data_dir()
    }

    /// The configured data folder, if another one had to be used.
    pub fn moved_from(&self) -> Option<&Path> {
        self.files.instead_of.as_deref()
    }

    /// Stops the server and waits for it. Open connections are closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.take());
        if self.durability == Durability::Scratch {
            // A failure leaves a few small files in the temporary folder.
            let _ = files::remove(self.files.folder());
        }
    }
}
