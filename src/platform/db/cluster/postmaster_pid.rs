//! Parses `postmaster.pid`, which the server writes when it starts and deletes when it stops. An existing
//! file is therefore either of a running server or stale.

use std::fs;
use std::path::Path;

use super::os_account::OsAccount;

/// The lines of `postmaster.pid` that matter here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PostmasterPid {
    pub(super) process: u32,
    pub(super) port: u16,
    pub(super) ready: bool,
}

/// The kind of process that `postmaster.pid` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PidOwner {
    /// A server on this cluster.
    Server,
    /// Another program, which got the process id after the server ended.
    OtherProgram,
    /// No process, or one that cannot be inspected.
    None,
}

impl PostmasterPid {
    pub(super) fn read(cluster: &Path) -> Option<PostmasterPid> {
        parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    pub(super) fn find_owner(&self, cluster: &Path, account: &OsAccount) -> PidOwner {
        // The working directory of a server is its cluster. The account itself may always read that of
        // its own processes; root in a container may not.
        let is_linux = cfg!(target_os = "linux");
        let mut command = if is_linux {
            let mut command = account.command(Path::new("readlink"));
            command.arg(format!("/proc/{}/cwd", self.process));
            command
        } else {
            let mut command = account.command(Path::new("ps"));
            command.args(["-o", "comm=", "-p", &self.process.to_string()]);
            command
        };
        let Ok(output) = command.output() else {
            return PidOwner::None;
        };
        let output = String::from_utf8_lossy(&output.stdout);
        let output = Path::new(output.trim_end_matches('\n'));
        match output.file_name() {
            None => PidOwner::None,
            Some(_) if is_linux && output == cluster => PidOwner::Server,
            Some(program) if !is_linux && program == "postgres" => PidOwner::Server,
            Some(_) => PidOwner::OtherProgram,
        }
    }
}

fn parse(text: &str) -> Option<PostmasterPid> {
    let mut lines = text.lines();
    Some(PostmasterPid {
        process: lines.next()?.trim().parse().ok()?,
        port: lines.nth(2)?.trim().parse().ok()?,
        ready: lines.nth(3).is_some_and(|status| status.trim() == "ready"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "4711\n/srv/data/database/cluster\n1700000000\n40123\n\n127.0.0.1\n  \
                         1234567   32768\nready   \n";

    #[test]
    fn a_ready_server_is_recognised() {
        let found = PostmasterPid {
            process: 4711,
            port: 40123,
            ready: true,
        };
        assert_eq!(parse(READY), Some(found));
    }

    #[test]
    fn a_starting_server_is_not_ready() {
        let starting = READY.replace("ready   ", "starting");
        assert!(parse(&starting).is_some_and(|pid| !pid.ready));
        let incomplete: String = READY.split_inclusive('\n').take(5).collect();
        assert!(parse(&incomplete).is_some_and(|pid| !pid.ready));
    }

    #[test]
    fn an_incomplete_file_is_ignored() {
        for text in ["", "4711\n", "4711\n/srv\n170000", "not a number\n\n\n1\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
