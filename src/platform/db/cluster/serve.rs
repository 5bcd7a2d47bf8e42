//! Starts the server, and knows when it is ready.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;
use std::{io, thread};

use super::binaries::PostgresBinaries;
use super::error::{ClusterError, cannot};
use super::home::ClusterHome;
use super::postmaster::{PidOwner, PostmasterPid};
use super::watched::{StopSignal, WatchedProcess};
use super::{Durability, home};

/// Settings of every server of ours. It answers on the loopback only, and keeps out of its log what
/// a broken constraint would tell of people.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_error_verbosity=terse",
];

/// Settings of a server whose data nobody will miss.
const SCRATCH_SETTINGS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
];

/// How often it is tried: somebody may be quicker to take the port, and what is left of a server
/// that was killed may need a moment to go.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// How often what we wait for is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How many glances the server of a killed program gets to go away: half a minute.
const GLANCES_AT_LEFTOVER: usize = 500;
/// How many glances a server gets to recover from a crash: ten minutes.
const GLANCES_AT_START: usize = 30_000;

/// Waits until the server of a killed program has gone, and clears away what would keep ours from
/// starting: the mark of a server that is gone when its number is now another process's.
pub(super) fn see_off_leftover(home: &ClusterHome) -> Result<(), ClusterError> {
    let cluster = home.cluster();
    for _ in 0..GLANCES_AT_LEFTOVER {
        let Some(postmaster) = PostmasterPid::of(&cluster) else {
            return Ok(());
        };
        match postmaster.holder(&cluster, &home.account) {
            PidOwner::Nobody => return Ok(()),
            PidOwner::Stranger => return home::remove(&cluster.join("postmaster.pid")),
            PidOwner::Server => thread::sleep(GLANCE),
        }
    }
    Err(ClusterError::InUse {
        folder: home.folder().to_owned(),
        holder: "a PostgreSQL that somebody else started".to_owned(),
    })
}

/// Starts the server on a free port, and waits until it is ready.
pub(super) fn serve(
    home: &ClusterHome,
    binaries: &PostgresBinaries,
    durability: Durability,
    log: &File,
    mut free_port: impl FnMut() -> io::Result<u16>,
) -> Result<(WatchedProcess, u16), ClusterError> {
    let program = binaries.program("postgres");
    let cluster = home.cluster();
    let ending = match durability {
        Durability::Safe => StopSignal {
            signal: "INT",
            rubbish: None,
        },
        Durability::Scratch => StopSignal {
            signal: "QUIT",
            rubbish: Some(&cluster),
        },
    };
    for _ in 0..TRIES {
        let port = free_port().map_err(cannot("find a free port for", &cluster))?;
        let mut postgres = Command::new(&program);
        postgres
            .arg("-D")
            .arg(&cluster)
            .args(["-p", &port.to_string()]);
        postgres.args(settings(durability).flat_map(|setting| ["-c", setting]));
        let mut server = WatchedProcess::start(&home.account, &postgres, ending, log)
            .map_err(cannot("run", &program))?;
        if is_ready(&mut server, home, port).map_err(cannot("run", &program))? {
            return Ok((server, port));
        }
        thread::sleep(PAUSE);
    }
    Err(home.not_started())
}

fn settings(durability: Durability) -> impl Iterator<Item = &'static str> {
    let scratch = match durability {
        Durability::Safe => &[],
        Durability::Scratch => SCRATCH_SETTINGS,
    };
    SETTINGS.iter().chain(scratch).copied()
}

/// Waits for the server; false if it ended instead. It is not asked over the network, where
/// somebody else might answer.
fn is_ready(server: &mut WatchedProcess, home: &ClusterHome, port: u16) -> io::Result<bool> {
    for _ in 0..GLANCES_AT_START {
        if server.ended()?.is_some() {
            return Ok(false);
        }
        if PostmasterPid::of(&home.cluster()).is_some_and(|it| it.ready && it.port == port) {
            return Ok(true);
        }
        thread::sleep(GLANCE);
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
    use std::{env, fs, process};

    use super::*;
    use crate::platform::db::cluster::binaries;
    use crate::platform::db::cluster::make::make;

    #[test]
    fn a_port_that_somebody_took_first_is_left_to_them() {
        let data_dir = env::temp_dir().join(format!("profiles-port-{}", process::id()));
        let home = ClusterHome::choose(&data_dir, Path::new("/nowhere")).unwrap();
        let binaries = binaries::find(&home.cluster()).unwrap();
        let log = home.new_log().unwrap();
        make(&home, &binaries, Durability::Scratch, &log).unwrap();

        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut ports = [taken.local_addr().unwrap().port(), free_port().unwrap()].into_iter();
        let next = || {
            ports
                .next()
                .ok_or(io::Error::other("a third port was asked for"))
        };
        let (server, port) = serve(&home, &binaries, Durability::Scratch, &log, next).unwrap();
        assert_ne!(port, taken.local_addr().unwrap().port());

        drop(server);
        fs::remove_dir_all(data_dir).unwrap();
    }
}
