//! Where the cluster lives: a folder `database` in the data folder, with the server's own files in
//! `cluster`, and beside them its password, its log and the lock that keeps a second program out.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf, absolute};
use std::{fs, io, process};

use rand::TryRng;
use rand::rngs::SysRng;

use super::account::OsAccount;
use super::error::{ClusterError, cannot};
use super::password;

/// The folder of the cluster, and the account that owns it.
#[derive(Debug)]
pub(super) struct ClusterHome {
    data_dir: PathBuf,
    folder: PathBuf,
    pub(super) account: OsAccount,
    /// The data folder that was asked for but is closed to the account.
    pub(super) instead_of: Option<PathBuf>,
}

impl ClusterHome {
    /// The home in `data_dir`; in `fallback` where that is the data folder nobody chose, and the
    /// account cannot reach it.
    pub(super) fn choose(data_dir: &Path, fallback: &Path) -> Result<ClusterHome, ClusterError> {
        let wanted = absolute(data_dir).map_err(cannot("find", data_dir))?;
        let trouble = match ClusterHome::within(&wanted) {
            Err(trouble @ ClusterError::Unreachable { .. }) if is_default(data_dir) => trouble,
            outcome => return outcome,
        };
        let home = ClusterHome::within(fallback).map_err(|_| trouble)?;
        Ok(ClusterHome {
            instead_of: Some(wanted),
            ..home
        })
    }

    fn within(data_dir: &Path) -> Result<ClusterHome, ClusterError> {
        fs::create_dir_all(data_dir).map_err(cannot("make the folder", data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(cannot("find", data_dir))?;
        let folder = data_dir.join("database");
        let account = OsAccount::choose(&folder.join("cluster"))?;
        open_way(&account, &data_dir)?;
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(trouble) if trouble.kind() != io::ErrorKind::AlreadyExists => {
                return Err(cannot("make the folder", &folder)(trouble));
            }
            _ => account.may_pass(&folder)?,
        }
        Ok(ClusterHome {
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

    /// Whether there is a cluster. An empty folder is none: a scratch cluster leaves it when the
    /// account may not delete it.
    pub(super) fn is_made(&self) -> bool {
        self.cluster().join("PG_VERSION").exists()
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.folder.join("password")
    }

    /// Keeps every other program out for as long as the file is open; the kernel lets go of it
    /// even when this program is killed.
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
            Err(TryLockError::Error(trouble)) => Err(cannot("lock", &path)(trouble)),
        }
    }

    /// A new log; that of the run before is kept beside it.
    pub(super) fn new_log(&self) -> Result<File, ClusterError> {
        let log = self.log();
        match fs::rename(&log, self.folder.join("log.before")) {
            Err(trouble) if trouble.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("set aside", &log)(trouble));
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

    /// The error of a program that failed, with its last words.
    pub(super) fn not_started(&self) -> ClusterError {
        let said = fs::read(self.log()).unwrap_or_default();
        ClusterError::NotStarted {
            log: self.log(),
            last_words: last_lines(&String::from_utf8_lossy(&said), 5),
        }
    }

    /// An empty folder of the account's own, to make a cluster in; what an interrupted start left
    /// of its own attempt goes.
    pub(super) fn scaffold(&self) -> Result<PathBuf, ClusterError> {
        let entries = fs::read_dir(&self.folder).map_err(cannot("read", &self.folder))?;
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with("unfinished-")
            {
                // The initdb of a killed start may be at work in it for a moment longer: next time.
                let _ = remove(&entry.path());
            }
        }
        let chance = SysRng.try_next_u32().map_err(password::no_chance)?;
        let path = self.folder.join(format!("unfinished-{chance:08x}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(cannot("make the folder", &path))?;
        self.account.hand_over(&path)?;
        Ok(path)
    }
}

/// Sees that the account reaches `data_dir`. A folder that only root may enter is opened for the
/// account; the folders above it are not ours to open.
fn open_way(account: &OsAccount, data_dir: &Path) -> Result<(), ClusterError> {
    let closed_by_itself = !account.reaches(data_dir)
        && data_dir
            .parent()
            .is_some_and(|parent| account.reaches(parent))
        && fs::metadata(data_dir).is_ok_and(|it| it.uid() == 0 && it.gid() == 0);
    if closed_by_itself {
        account.may_pass(data_dir)?;
    }
    if account.reaches(data_dir) {
        return Ok(());
    }
    Err(ClusterError::Unreachable {
        folder: data_dir.to_owned(),
        account: account.name(),
    })
}

/// Whether this is the data folder of somebody who has chosen none.
fn is_default(data_dir: &Path) -> bool {
    let mut parts = data_dir.components().filter(|it| *it != Component::CurDir);
    parts.next() == Some(Component::Normal("data".as_ref())) && parts.next().is_none()
}

/// Deletes a file, or a folder with all in it; one that is not there is fine.
pub(super) fn remove(path: &Path) -> Result<(), ClusterError> {
    let outcome = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(trouble) => Err(trouble),
    };
    match outcome {
        Err(trouble) if trouble.kind() != io::ErrorKind::NotFound => {
            Err(cannot("delete", path)(trouble))
        }
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

#[cfg(test)]
mod tests {
    use std::env;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_data_folder_that_nobody_chose_may_be_left_for_another() {
        assert!(is_default(Path::new("./data")));
        assert!(is_default(Path::new("data")));
        for chosen in ["/data", "../data", "data/here", "/srv/profiles", "."] {
            assert!(!is_default(Path::new(chosen)), "{chosen}");
        }
    }

    #[test]
    fn the_last_words_are_the_last_lines_that_say_something() {
        assert_eq!(last_lines("a\nb\n\nc\n\n", 2), "b\nc");
        assert_eq!(last_lines("a", 5), "a");
        assert_eq!(last_lines("", 5), "");
    }

    /// For root only: everybody else is the account that runs the server.
    #[test]
    fn root_opens_its_own_folder_to_the_server_but_not_the_folders_above() {
        let above = env::temp_dir().join(format!("profiles-home-{}", process::id()));
        let data_dir = above.join("data");
        fs::create_dir_all(&data_dir).unwrap();
        let shut = |path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        shut(&data_dir);
        let home = ClusterHome::within(&data_dir).unwrap();
        if home.account != OsAccount::Own {
            assert!(home.account.reaches(&data_dir));
            assert_eq!(fs::metadata(&data_dir).unwrap().mode() & 0o7777, 0o710);

            shut(&above);
            let trouble = ClusterHome::within(&data_dir).unwrap_err();
            assert!(
                matches!(trouble, ClusterError::Unreachable { .. }),
                "{trouble}"
            );
        }
        fs::remove_dir_all(above).unwrap();
    }
}
