//! The files of the cluster: a folder `database` in the data folder, with the server's files in
//! `cluster`, and beside it the password, the log and a lock against other processes.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf, absolute};
use std::{fs, io, process};

use rand::TryRng;
use rand::rngs::SysRng;

use super::error::{ClusterError, cannot};
use super::os_account::OsAccount;
use super::password;

/// The folder of the cluster, and the account that owns it.
#[derive(Debug)]
pub(super) struct ClusterFiles {
    data_dir: PathBuf,
    folder: PathBuf,
    pub(super) account: OsAccount,
    /// The configured data folder, if the account cannot reach it.
    pub(super) instead_of: Option<PathBuf>,
}

impl ClusterFiles {
    /// The files in `data_dir`; in a folder of `fallbacks` if `data_dir` is the default and the account cannot
    /// reach it.
    pub(super) fn choose(data_dir: &Path, fallbacks: &Path) -> Result<ClusterFiles, ClusterError> {
        let data_folder = absolute(data_dir).map_err(cannot("find", data_dir))?;
        let error = match ClusterFiles::within(&data_folder) {
            Err(error @ ClusterError::Unreachable { .. }) if is_default(data_dir) => error,
            outcome => return outcome,
        };
        let fallback = fallbacks.join(fallback_name(&data_folder));
        let files = ClusterFiles::within(&fallback).map_err(|_| error)?;
        Ok(ClusterFiles {
            instead_of: Some(data_folder),
            ..files
        })
    }

    /// Whether [`Self::choose`] would find a cluster. Creates no folder.
    pub(super) fn exist(data_dir: &Path, fallbacks: &Path) -> bool {
        let Ok(data_folder) = absolute(data_dir) else {
            return false;
        };
        let fallback = fallbacks.join(fallback_name(&data_folder));
        let candidates = [Some(data_folder), is_default(data_dir).then_some(fallback)];
        let mut candidates = candidates.into_iter().flatten();
        candidates.any(|folder| folder.join("database/cluster/PG_VERSION").exists())
    }

    fn within(data_dir: &Path) -> Result<ClusterFiles, ClusterError> {
        fs::create_dir_all(data_dir).map_err(cannot("make the folder", data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(cannot("find", data_dir))?;
        let folder = data_dir.join("database");
        let account = OsAccount::choose(&folder.join("cluster"))?;
        ensure_reachable(&account, &data_dir)?;
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(cannot("make the folder", &folder)(error));
            }
            _ => account.allow_traversal(&folder)?,
        }
        Ok(ClusterFiles {
            data_dir,
            folder,
            account,
            instead_of: None,
        })
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn cluster(&self) -> PathBuf {
        self.folder.join("cluster")
    }

    /// Whether there is a cluster. A scratch cluster may leave an empty folder behind if the account
    /// may not delete it.
    pub(super) fn is_initialised(&self) -> bool {
        self.cluster().join("PG_VERSION").exists()
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    /// Locks the folder for as long as the file is open. The kernel releases the lock if this process
    /// is killed.
    pub(super) fn lock(&self) -> Result<File, ClusterError> {
        let path = self.folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(cannot("open", &path))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(cannot("write", &path))?;
                write!(file, "{}", process::id()).map_err(cannot("write", &path))?;
                Ok(file)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .map_err(cannot("read", &path))?;
                Err(ClusterError::InUse {
                    folder: self.folder.clone(),
                    holder: format!("another Profiles (process {holder})"),
                })
            }
            Err(TryLockError::Error(error)) => Err(cannot("lock", &path)(error)),
        }
    }

    /// Opens a new log, and keeps the previous one as `log.before`.
    pub(super) fn rotate_log(&self) -> Result<File, ClusterError> {
        let log = self.log();
        match fs::rename(&log, self.folder.join("log.before")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("set aside", &log)(error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&log)
            .map_err(cannot("open", &log))
    }

    /// The error of a failed start, with the end of the log.
    pub(super) fn start_error(&self) -> ClusterError {
        let log = fs::read(self.log()).unwrap_or_default();
        ClusterError::NotStarted {
            log: self.log(),
            log_end: last_lines(&String::from_utf8_lossy(&log), 5),
        }
    }

    /// Creates an empty folder, owned by the account, for `initdb`. Removes those of interrupted starts.
    pub(super) fn create_staging_folder(&self) -> Result<PathBuf, ClusterError> {
        let entries = fs::read_dir(&self.folder).map_err(cannot("read", &self.folder))?;
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with("unfinished-")
            {
                // The initdb of a killed start may still be using it; the next start removes it.
                let _ = remove(&entry.path());
            }
        }
        let random = SysRng.try_next_u32().map_err(password::rng_error)?;
        let path = self.folder.join(format!("unfinished-{random:08x}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(cannot("make the folder", &path))?;
        self.account.take_ownership(&path)?;
        Ok(path)
    }
}

/// Ensures that the account can enter `data_dir`. A folder of root is opened for the account; folders
/// above it are not changed.
fn ensure_reachable(account: &OsAccount, data_dir: &Path) -> Result<(), ClusterError> {
    let is_root_folder = !account.can_enter(data_dir)
        && data_dir
            .parent()
            .is_some_and(|parent| account.can_enter(parent))
        && fs::metadata(data_dir).is_ok_and(|metadata| metadata.uid() == 0 && metadata.gid() == 0);
    if is_root_folder {
        account.allow_traversal(data_dir)?;
    }
    if account.can_enter(data_dir) {
        return Ok(());
    }
    Err(ClusterError::Unreachable {
        folder: data_dir.to_owned(),
        account: account.name(),
    })
}

/// Whether this is the default of `PROFILES_DATA_DIR`.
fn is_default(data_dir: &Path) -> bool {
    let mut parts = data_dir
        .components()
        .filter(|part| *part != Component::CurDir);
    parts.next() == Some(Component::Normal("data".as_ref())) && parts.next().is_none()
}

/// Deletes a file, or a folder with its content, if it exists.
pub(super) fn remove(path: &Path) -> Result<(), ClusterError> {
    let outcome = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("delete", path)(error)),
        _ => Ok(()),
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// A name for a folder that takes the place of this one, different for each: `/root/my-sso/data` becomes
/// `root-my--sso-data`.
fn fallback_name(data_folder: &Path) -> String {
    let text = data_folder.to_string_lossy().replace('-', "--");
    text.trim_matches('/').replace('/', "-")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_default_data_folder_has_a_fallback() {
        assert!(is_default(Path::new("./data")));
        assert!(is_default(Path::new("data")));
        for chosen in ["/data", "../data", "data/here", "/srv/profiles", "."] {
            assert!(!is_default(Path::new(chosen)), "{chosen}");
        }
    }

    #[test]
    fn two_data_folders_have_two_fallbacks() {
        let name = |path| fallback_name(Path::new(path));
        assert_eq!(name("/root/my-sso/data"), "root-my--sso-data");
        assert_ne!(name("/root/my/sso/data"), name("/root/my-sso/data"));
    }

    #[test]
    fn the_end_of_the_log_is_its_last_lines_that_are_not_empty() {
        assert_eq!(last_lines("a\nb\n\nc\n\n", 2), "b\nc");
        assert_eq!(last_lines("a", 5), "a");
        assert_eq!(last_lines("", 5), "");
    }

    /// Only as root: other accounts run the server themselves.
    #[test]
    fn root_opens_its_own_folder_to_the_server_but_not_the_folders_above() {
        let home = tempfile::tempdir().unwrap();
        let above = home.path();
        fs::set_permissions(above, fs::Permissions::from_mode(0o755)).unwrap();
        let data_dir = above.join("data");
        fs::create_dir_all(&data_dir).unwrap();
        let restrict =
            |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        restrict(&data_dir);
        let files = ClusterFiles::within(&data_dir).unwrap();
        if files.account != OsAccount::Own {
            assert!(files.account.can_enter(&data_dir));
            assert_eq!(fs::metadata(&data_dir).unwrap().mode() & 0o7777, 0o710);

            restrict(above);
            let error = ClusterFiles::within(&data_dir).unwrap_err();
            assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
        }
    }
}
