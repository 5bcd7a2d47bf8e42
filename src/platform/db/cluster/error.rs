//! Why the private cluster does not start. Each text says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private cluster does not start.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "the embedded database needs the programs of PostgreSQL {oldest} or newer, and {found}: \
         install them with {install}, or set DATABASE_URL to a server that you have"
    )]
    NotInstalled {
        oldest: u32,
        found: String,
        install: String,
    },

    #[error(
        "the database in {} was made by PostgreSQL {made_by}, and {found}: install it beside the \
         other with {install}, or bring the data over to the new version with pg_upgrade",
        folder.display()
    )]
    OtherMajor {
        folder: PathBuf,
        made_by: u32,
        found: String,
        install: String,
    },

    #[error(
        "the database in {} is in use by {holder}: stop that first, or give this one a folder of \
         its own with PROFILES_DATA_DIR",
        folder.display()
    )]
    InUse { folder: PathBuf, holder: String },

    #[error(
        "PostgreSQL refuses to run as root, and the account it runs as instead, {account}, cannot \
         reach {}: set PROFILES_DATA_DIR to a folder outside private ones, such as \
         /var/lib/profiles, or run Profiles as an ordinary user",
        folder.display()
    )]
    Unreachable { folder: PathBuf, account: String },

    #[error(
        "the database in {} belongs to another account (user id {owner}): run Profiles as that \
         account or as root, or choose another folder with PROFILES_DATA_DIR",
        folder.display()
    )]
    NotOurs { folder: PathBuf, owner: u32 },

    #[error(
        "cannot {action} {}: {source}; see that there is room and that Profiles may write there, or \
         choose another folder with PROFILES_DATA_DIR",
        path.display()
    )]
    Folder {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },

    #[error(
        "PostgreSQL does not start; mend what it complains of, then try again. The end of {}:\n\
         {log_end}",
        log.display()
    )]
    NotStarted { log: PathBuf, log_end: String },

    #[error(
        "PostgreSQL started, but refuses to be set up: {source}; {} may say more",
        log.display()
    )]
    NotSetUp {
        log: PathBuf,
        source: postgres::Error,
    },
}

/// For `map_err`: adds the action that failed, and its path.
pub(super) fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Folder {
        action,
        path,
        source,
    }
}
