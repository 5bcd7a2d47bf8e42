//! As whom the server runs. PostgreSQL refuses to be root, so root steps down to another account
//! for everything that touches the cluster.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use super::error::{ClusterError, cannot};

/// Enough of a PATH for what a cluster calls: its own programs are called by their full names.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// The account that owns the cluster and runs its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OsAccount {
    /// That of this process.
    Own,
    /// Another one, since this process is root.
    Other { name: String, user: u32, group: u32 },
}

impl OsAccount {
    /// The owner of the cluster where there is one; else this account, and for root `postgres`,
    /// or `nobody` on machines without it.
    pub(super) fn choose(cluster: &Path) -> Result<OsAccount, ClusterError> {
        let own = id(&["-u"]);
        let owner = match fs::metadata(cluster) {
            Ok(found) => Some((found.uid(), found.gid())),
            Err(trouble) if trouble.kind() == io::ErrorKind::NotFound => None,
            Err(trouble) => return Err(cannot("look into", cluster)(trouble)),
        };
        match (own, owner) {
            (Some(0), Some((user, group))) if user != 0 => {
                let name = format!("with the user id {user}");
                Ok(OsAccount::Other { name, user, group })
            }
            (Some(0), _) => Ok(named("postgres")
                .or_else(|| named("nobody"))
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

    /// A command run as this account, in an environment that holds nothing of ours: neither
    /// secrets nor the `PG…` variables by which PostgreSQL lets itself be redirected.
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

    /// Whether this account can get at what lies in `folder`.
    pub(super) fn reaches(&self, folder: &Path) -> bool {
        if *self == OsAccount::Own {
            return true;
        }
        let mut cd = self.command(Path::new("sh"));
        cd.args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stderr(Stdio::null());
        cd.status().is_ok_and(|status| status.success())
    }

    /// Hands a file or folder over to this account.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), ClusterError> {
        match self {
            OsAccount::Own => Ok(()),
            OsAccount::Other { user, group, .. } => {
                chown(path, Some(*user), Some(*group)).map_err(cannot("hand over", path))
            }
        }
    }

    /// Lets this account, and no other, pass through a folder of ours on its way to the cluster.
    pub(super) fn may_pass(&self, folder: &Path) -> Result<(), ClusterError> {
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

fn named(name: &str) -> Option<OsAccount> {
    Some(OsAccount::Other {
        name: name.to_owned(),
        user: id(&["-u", name])?,
        group: id(&["-g", name])?,
    })
}

/// The number that `nobody` has where no account of that name is listed.
fn nobody() -> OsAccount {
    OsAccount::Other {
        name: "nobody".to_owned(),
        user: 65534,
        group: 65534,
    }
}

/// Asks `id`, since the standard library knows neither who we are nor who others are.
fn id(args: &[&str]) -> Option<u32> {
    let answer = Command::new("id")
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}
