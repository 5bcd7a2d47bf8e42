//! Starts the server, and waits until it is ready.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;
use std::{io, thread};

use super::binaries::PostgresBinaries;
use super::error::{ClusterError, cannot};
use super::files::ClusterFiles;
use super::postmaster_pid::{PidOwner, PostmasterPid};
use super::watched_process::{StopSignal, WatchedProcess};
use super::{Durability, files as cluster_files};

/// Settings of every server: it listens on loopback only, and does not log the values of rows that violate
/// a constraint.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_error_verbosity=terse",
];

/// Additional settings of a scratch cluster: no durability.
const SCRATCH_SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// Starts are retried: another process may take the port first, and a killed server may need a moment to
/// end.
const START_ATTEMPTS: usize = 4;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(200);

/// The polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How often the server of a killed process is polled; it gets ten seconds to end.
const LEFTOVER_POLLS: usize = 500;
/// How often a starting server is polled; it may need ten minutes to recover from a crash.
const START_POLLS: usize = 30_000;

/// Waits until the server of a killed process has ended. Removes a stale `postmaster.pid` whose process
/// id now belongs to another program, because PostgreSQL would refuse to start.
pub(super) fn wait_for_leftover(files: &ClusterFiles) -> Result<(), ClusterError> {
    let cluster = files.cluster();
    for _ in 0..LEFTOVER_POLLS {
        let Some(postmaster) = PostmasterPid::read(&cluster) else {
            return Ok(());
        };
        match postmaster.find_owner(&cluster, &files.account) {
            PidOwner::None => return Ok(()),
            PidOwner::OtherProgram => {
                return cluster_files::remove(&cluster.join("postmaster.pid"));
            }
            PidOwner::Server => thread::sleep(POLL_INTERVAL),
        }
    }
    Err(ClusterError::InUse {
        folder: files.folder().to_owned(),
        holder: "a PostgreSQL server that Profiles did not start".to_owned(),
    })
}

/// Starts the server on a free port, and waits until it is ready.
pub(super) fn start_server(
    files: &ClusterFiles,
    binaries: &PostgresBinaries,
    durability: Durability,
    log: &File,
    mut free_port: impl FnMut() -> io::Result<u16>,
) -> Result<(WatchedProcess, u16), ClusterError> {
    let program = binaries.program("postgres");
    let cluster = files.cluster();
    let stop_signal = match durability {
        Durability::Safe => StopSignal {
            signal: "INT",
            remove_on_stop: None,
        },
        Durability::Scratch => StopSignal {
            signal: "QUIT",
            remove_on_stop: Some(&cluster),
        },
    };
    for _ in 0..START_ATTEMPTS {
        let port = free_port().map_err(cannot("find a free port for", &cluster))?;
        let mut postgres = Command::new(&program);
        postgres
            .arg("-D")
            .arg(&cluster)
            .args(["-p", &port.to_string()]);
        postgres.args(settings(durability).flat_map(|setting| ["-c", setting]));
        let mut server = WatchedProcess::start(&files.account, &postgres, stop_signal, log)
            .map_err(cannot("run", &program))?;
        if wait_until_ready(&mut server, files, port).map_err(cannot("run", &program))? {
            return Ok((server, port));
        }
        thread::sleep(ATTEMPT_PAUSE);
    }
    Err(files.start_error())
}

fn settings(durability: Durability) -> impl Iterator<Item = &'static str> {
    let scratch = match durability {
        Durability::Safe => &[],
        Durability::Scratch => SCRATCH_SETTINGS,
    };
    SETTINGS.iter().chain(scratch).copied()
}

/// Waits for the server. False if it ended. Reads `postmaster.pid` instead of connecting, because another
/// program may listen on the port.
fn wait_until_ready(
    server: &mut WatchedProcess,
    files: &ClusterFiles,
    port: u16,
) -> io::Result<bool> {
    for _ in 0..START_POLLS {
        if server.exit_status()?.is_some() {
            return Ok(false);
        }
        if PostmasterPid::read(&files.cluster()).is_some_and(|pid| pid.ready && pid.port == port) {
            return Ok(true);
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(false)
}

pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::platform::db::cluster::binaries;
    use crate::platform::db::cluster::init::init_cluster;

    #[test]
    fn a_port_that_is_taken_is_skipped() {
        let data_dir = tempfile::tempdir().unwrap();
        let files = ClusterFiles::choose(data_dir.path(), Path::new("/nowhere")).unwrap();
        let binaries = binaries::find(&files.cluster()).unwrap();
        let log = files.rotate_log().unwrap();
        init_cluster(&files, &binaries, Durability::Scratch, &log).unwrap();

        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut ports = [taken.local_addr().unwrap().port(), free_port().unwrap()].into_iter();
        let next = || {
            ports
                .next()
                .ok_or(io::Error::other("a third port was requested"))
        };
        let (server, port) =
            start_server(&files, &binaries, Durability::Scratch, &log, next).unwrap();
        assert_ne!(port, taken.local_addr().unwrap().port());

        drop(server);
    }
}
