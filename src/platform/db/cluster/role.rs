//! Creates the role and the database of Profiles.

use std::net::Ipv4Addr;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use secrecy::{ExposeSecret, SecretString};

use super::error::ClusterError;
use super::files::ClusterFiles;
use super::init::SUPERUSER;

/// The name of the role and of the database.
pub(super) const PROFILES: &str = "profiles";

/// Creates the role and the database on the server on `port` if they are missing.
pub(super) fn create_role_and_database(
    files: &ClusterFiles,
    port: u16,
    password: &SecretString,
) -> Result<(), ClusterError> {
    let work = || {
        let mut client = connect(port, password).map_err(|error| set_up_error(files, error))?;
        check_data_directory(files, port, &mut client)?;
        run_statements(&mut client, password).map_err(|error| set_up_error(files, error))
    };
    // The client starts an async runtime, which must not run inside another runtime.
    let outcome = thread::scope(|scope| scope.spawn(work).join());
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn connect(port: u16, password: &SecretString) -> Result<Client, postgres::Error> {
    postgres::Config::new()
        .host(&Ipv4Addr::LOCALHOST.to_string())
        .port(port)
        .user(SUPERUSER)
        .password(password.expose_secret())
        .dbname("postgres")
        .connect_timeout(Duration::from_secs(30))
        .connect(NoTls)
}

/// Security: checks that the server on the port is the one of this cluster, because another process may
/// listen there.
fn check_data_directory(
    files: &ClusterFiles,
    port: u16,
    client: &mut Client,
) -> Result<(), ClusterError> {
    let row = client.query_one("show data_directory", &[]);
    let data_directory: String = row
        .and_then(|row| row.try_get(0))
        .map_err(|error| set_up_error(files, error))?;
    if Path::new(&data_directory) == files.cluster() {
        return Ok(());
    }
    Err(ClusterError::NotStarted {
        log: files.log(),
        log_end: format!("port {port} is used by the server of {data_directory}"),
    })
}

fn run_statements(client: &mut Client, password: &SecretString) -> Result<(), postgres::Error> {
    let role = "select 1 from pg_roles where rolname = $1";
    if client.query_opt(role, &[&PROFILES])?.is_none() {
        client.batch_execute(&format!("create role {PROFILES}"))?;
    }
    // The password consists of letters, digits, - and _, so it needs no escaping.
    let password = password.expose_secret();
    client.batch_execute(&format!(
        "alter role {PROFILES} with login createdb password '{password}'"
    ))?;
    let database = "select 1 from pg_database where datname = $1";
    if client.query_opt(database, &[&PROFILES])?.is_none() {
        client.batch_execute(&format!("create database {PROFILES} owner {PROFILES}"))?;
    }
    Ok(())
}

fn set_up_error(files: &ClusterFiles, source: postgres::Error) -> ClusterError {
    ClusterError::NotSetUp {
        log: files.log(),
        source,
    }
}
