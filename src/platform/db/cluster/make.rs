//! Makes the cluster's files, once, and its password.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};

use super::binaries::PostgresBinaries;
use super::error::{ClusterError, cannot};
use super::home::ClusterHome;
use super::watched::{StopSignal, WatchedProcess};
use super::{Durability, home, password};

/// The role that owns the cluster; only used to set it up.
pub(super) const SUPERUSER: &str = "postgres";

/// Makes a new cluster. It gets its name only when it is whole.
pub(super) fn make(
    home: &ClusterHome,
    binaries: &PostgresBinaries,
    durability: Durability,
    log: &File,
) -> Result<SecretString, ClusterError> {
    let password = password::new()?;
    password::keep(home, &password)?;
    let scaffold = home.scaffold()?;

    let program = binaries.program("initdb");
    let mut initdb = Command::new(&program);
    initdb.arg("--no-instructions");
    initdb.arg("--pgdata").arg(&scaffold);
    initdb.arg("--pwfile").arg(home.password_file());
    initdb.args([
        "--username",
        SUPERUSER,
        "--auth",
        "scram-sha-256",
        "--encoding",
        "UTF8",
    ]);
    // The order of characters, and not that of a language, which changes with the platform and
    // silently breaks indexes; but upper and lower case of every alphabet.
    let letters = if cfg!(target_os = "linux") {
        "C.UTF-8"
    } else {
        "UTF-8"
    };
    initdb.args(["--locale", "C", "--lc-ctype", letters]);
    initdb.arg(match durability {
        Durability::Safe => "--data-checksums",
        Durability::Scratch => "--no-sync",
    });
    let ending = StopSignal {
        signal: "TERM",
        rubbish: None,
    };
    let made = WatchedProcess::start(&home.account, &initdb, ending, log)
        .and_then(|mut initdb| initdb.finish())
        .map_err(cannot("run", &program))?;
    if !made.success() {
        home::remove(&scaffold)?;
        return Err(home.not_started());
    }

    let cluster = home.cluster();
    fs::rename(&scaffold, &cluster).map_err(cannot("name", &cluster))?;
    File::open(home.folder())
        .and_then(|folder| folder.sync_all())
        .map_err(cannot("write", home.folder()))?;
    Ok(password)
}

/// Sets a new password from within, for a cluster whose password file is lost.
pub(super) fn renew_password(
    home: &ClusterHome,
    binaries: &PostgresBinaries,
    log: &File,
) -> Result<SecretString, ClusterError> {
    let password = password::new()?;
    let program = binaries.program("postgres");
    let run = || {
        let mut single = home.account.command(&program);
        single
            .arg("--single")
            .arg("-D")
            .arg(home.cluster())
            .arg("postgres");
        single
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let mut single = single.spawn()?;
        if let Some(mut stdin) = single.stdin.take() {
            let password = password.expose_secret();
            writeln!(stdin, "alter role {SUPERUSER} password '{password}'")?;
        }
        single.wait()
    };
    if !run().map_err(cannot("run", &program))?.success() {
        return Err(home.not_started());
    }
    // Kept only now: a start that is interrupted before finds none again, and not a wrong one.
    password::keep(home, &password)?;
    Ok(password)
}
