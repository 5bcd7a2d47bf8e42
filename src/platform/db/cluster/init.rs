//! Creates a new cluster with `initdb`, and sets its password.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};

use super::binaries::PostgresBinaries;
use super::error::{ClusterError, cannot};
use super::files::ClusterFiles;
use super::watched_process::{StopSignal, WatchedProcess};
use super::{Durability, files as cluster_files, password};

/// The superuser of the cluster, used only for set-up.
pub(super) const SUPERUSER: &str = "postgres";

/// Creates a new cluster. It is renamed to its final path only when it is complete.
pub(super) fn init_cluster(
    files: &ClusterFiles,
    binaries: &PostgresBinaries,
    durability: Durability,
    log: &File,
) -> Result<SecretString, ClusterError> {
    let password = password::generate()?;
    password::save(files, &password)?;
    let staging = files.create_staging_folder()?;

    let program = binaries.program("initdb");
    let mut initdb = Command::new(&program);
    initdb.arg("--no-instructions");
    initdb.arg("--pgdata").arg(&staging);
    initdb.arg("--pwfile").arg(files.password_file());
    initdb.args([
        "--username",
        SUPERUSER,
        "--auth",
        "scram-sha-256",
        "--encoding",
        "UTF8",
    ]);
    // Collation by code point, because the collation of a language changes with the platform and then
    // silently breaks indexes. Upper and lower case work for every alphabet.
    let character_type = if cfg!(target_os = "linux") {
        "C.UTF-8"
    } else {
        "UTF-8"
    };
    initdb.args(["--locale", "C", "--lc-ctype", character_type]);
    initdb.arg(match durability {
        Durability::Safe => "--data-checksums",
        Durability::Scratch => "--no-sync",
    });
    let stop_signal = StopSignal {
        signal: "TERM",
        remove_on_stop: None,
    };
    let status = WatchedProcess::start(&files.account, &initdb, stop_signal, log)
        .and_then(|mut initdb| initdb.wait())
        .map_err(cannot("run", &program))?;
    if !status.success() {
        cluster_files::remove(&staging)?;
        return Err(files.start_error());
    }

    let cluster = files.cluster();
    fs::rename(&staging, &cluster).map_err(cannot("name", &cluster))?;
    File::open(files.folder())
        .and_then(|folder| folder.sync_all())
        .map_err(cannot("write", files.folder()))?;
    Ok(password)
}

/// Sets a new password in single-user mode, for a cluster whose password file is lost.
pub(super) fn reset_password(
    files: &ClusterFiles,
    binaries: &PostgresBinaries,
    log: &File,
) -> Result<SecretString, ClusterError> {
    let password = password::generate()?;
    let program = binaries.program("postgres");
    let run = || {
        let mut single = files.account.command(&program);
        single
            .arg("--single")
            .arg("-D")
            .arg(files.cluster())
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
        return Err(files.start_error());
    }
    // Saved only now, so that an interrupted start leaves no password file instead of a wrong one.
    password::save(files, &password)?;
    Ok(password)
}
