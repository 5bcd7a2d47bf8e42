//! The operating system account that runs the server. PostgreSQL refuses to run as root, so root uses
//! another account for everything that touches the cluster.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use super::error::{ClusterError, cannot};

/// The `PATH` of the server and its tools. The programs of PostgreSQL are called by full path.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The account that owns the cluster and runs its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OsAccount {
    /// The account of this process.
    Own,
    /// Another account, because this process is root.
    Other { name: String, user: u32, group: u32 },
}

impl OsAccount {
    /// The owner of an existing cluster; else this account, or for root `postgres`, or `nobody` on
    /// machines without it.
    pub(super) fn choose(cluster: &Path) -> Result<OsAccount, ClusterError> {
        let own = run_id(&["-u"]);
        let owner = match fs::metadata(cluster) {
            Ok(found) => Some((found.uid(), found.gid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot("look into", cluster)(error)),
        };
        match (own, owner) {
            (Some(0), Some((user, group))) if user != 0 => {
                let name = format!("with the user id {user}");
                Ok(OsAccount::Other { name, user, group })
            }
            (Some(0), _) => Ok(find_account("postgres")
                .or_else(|| find_account("nobody"))
                .unwrap_or_else(nobody)),
            (Some(own), Some((owner, _))) if owner != own => Err(ClusterError::NotOurs {
                folder: cluster.to_owned(),
                owner,
            }),
            _ => Ok(OsAccount::Own),
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            OsAccount::Own => "this account".to_owned(),
            OsAccount::Other { name, .. } => name.clone(),
        }
    }

    /// A command that runs as this account with an empty environment: without the secrets of this
    /// process, and without `PG…` variables, which would redirect PostgreSQL.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PATH)
            .current_dir("/")
            .stdin(Stdio::null());
        if let OsAccount::Other { user, group, .. } = self {
            command.uid(*user).gid(*group);
        }
        command
    }

    /// Whether this account can enter `folder`.
    pub(super) fn can_enter(&self, folder: &Path) -> bool {
        if *self == OsAccount::Own {
            return true;
        }
        let mut cd = self.command(Path::new("sh"));
        cd.args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stderr(Stdio::null());
        cd.status().is_ok_and(|status| status.success())
    }

    /// Makes this account the owner of a file or folder.
    pub(super) fn take_ownership(&self, path: &Path) -> Result<(), ClusterError> {
        match self {
            OsAccount::Own => Ok(()),
            OsAccount::Other { user, group, .. } => {
                chown(path, Some(*user), Some(*group)).map_err(cannot("hand over", path))
            }
        }
    }

    /// Lets this account, and no other, traverse a folder above the cluster.
    pub(super) fn allow_traversal(&self, folder: &Path) -> Result<(), ClusterError> {
        if let OsAccount::Other { group, .. } = self {
            let mode = fs::metadata(folder)
                .map_err(cannot("look at", folder))?
                .mode();
            chown(folder, None, Some(*group)).map_err(cannot("open", folder))?;
            fs::set_permissions(folder, fs::Permissions::from_mode(mode & 0o7777 | 0o010))
                .map_err(cannot("open", folder))?;
        }
        Ok(())
    }
}

fn find_account(name: &str) -> Option<OsAccount> {
    Some(OsAccount::Other {
        name: name.to_owned(),
        user: run_id(&["-u", name])?,
        group: run_id(&["-g", name])?,
    })
}

/// The usual ids of `nobody`, for machines where no such account is listed.
fn nobody() -> OsAccount {
    OsAccount::Other {
        name: "nobody".to_owned(),
        user: 65534,
        group: 65534,
    }
}

/// Runs `id`, because the standard library cannot look up accounts.
fn run_id(args: &[&str]) -> Option<u32> {
    let output = Command::new("id")
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
