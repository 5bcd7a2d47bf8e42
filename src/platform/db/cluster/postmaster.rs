//! What the server says of itself in `postmaster.pid`: it writes the file when it starts and
//! deletes it when it stops, so one that lies there is either of a server that runs or stale.

use std::fs;
use std::path::Path;

use super::account::OsAccount;

/// The lines of `postmaster.pid` that matter here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PostmasterPid {
    pub(super) process: u32,
    pub(super) port: u16,
    pub(super) ready: bool,
}

/// Whose process it is that `postmaster.pid` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PidOwner {
    /// A server on this cluster.
    Server,
    /// Something else, which got the number after the server was gone.
    Stranger,
    /// Nobody's that a server would mind.
    Nobody,
}

impl PostmasterPid {
    pub(super) fn of(cluster: &Path) -> Option<PostmasterPid> {
        parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    pub(super) fn holder(&self, cluster: &Path, account: &OsAccount) -> PidOwner {
        // A server works in its cluster's folder. Only the account itself may ask that of its own
        // processes everywhere; root in a container may not.
        let linux = cfg!(target_os = "linux");
        let mut ask = if linux {
            let mut ask = account.command(Path::new("readlink"));
            ask.arg(format!("/proc/{}/cwd", self.process));
            ask
        } else {
            let mut ask = account.command(Path::new("ps"));
            ask.args(["-o", "comm=", "-p", &self.process.to_string()]);
            ask
        };
        let Ok(answer) = ask.output() else {
            return PidOwner::Nobody;
        };
        let answer = String::from_utf8_lossy(&answer.stdout);
        let answer = Path::new(answer.trim_end_matches('\n'));
        match answer.file_name() {
            None => PidOwner::Nobody,
            Some(_) if linux && answer == cluster => PidOwner::Server,
            Some(program) if !linux && program == "postgres" => PidOwner::Server,
            Some(_) => PidOwner::Stranger,
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
    fn a_server_that_serves_says_so() {
        let found = PostmasterPid {
            process: 4711,
            port: 40123,
            ready: true,
        };
        assert_eq!(parse(READY), Some(found));
    }

    #[test]
    fn a_server_that_is_on_its_way_is_not_ready() {
        let starting = READY.replace("ready   ", "starting");
        assert!(parse(&starting).is_some_and(|it| !it.ready));
        let just_begun: String = READY.split_inclusive('\n').take(5).collect();
        assert!(parse(&just_begun).is_some_and(|it| !it.ready));
    }

    #[test]
    fn half_a_file_says_nothing() {
        for text in ["", "4711\n", "4711\n/srv\n170000", "not a number\n\n\n1\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
