//! What a running server needs to be ours: a role and a database.

use std::net::Ipv4Addr;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::Duration;

use postgres::{Client, NoTls};
use secrecy::{ExposeSecret, SecretString};

use super::error::ClusterError;
use super::home::ClusterHome;
use super::make::SUPERUSER;

/// The name of our role and of our database.
pub(super) const PROFILES: &str = "profiles";

/// Gives the server on `port` what it lacks of a role and a database for us, if it is the server of
/// this home.
pub(super) fn set_up(
    home: &ClusterHome,
    port: u16,
    password: &SecretString,
) -> Result<(), ClusterError> {
    let work = || {
        let mut client = connect(port, password).map_err(|it| refused(home, it))?;
        check_place(home, port, &mut client)?;
        make_role_and_database(&mut client, password).map_err(|it| refused(home, it))
    };
    // The client drives an async runtime of its own, which refuses to start within another.
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

/// Whoever answers on a port of the loopback may be somebody else.
fn check_place(home: &ClusterHome, port: u16, client: &mut Client) -> Result<(), ClusterError> {
    let row = client.query_one("show data_directory", &[]);
    let place: String = row
        .and_then(|it| it.try_get(0))
        .map_err(|it| refused(home, it))?;
    if Path::new(&place) == home.cluster() {
        return Ok(());
    }
    Err(ClusterError::NotStarted {
        log: home.log(),
        last_words: format!("port {port} is answered by the server of {place}"),
    })
}

fn make_role_and_database(
    client: &mut Client,
    password: &SecretString,
) -> Result<(), postgres::Error> {
    let role = "select 1 from pg_roles where rolname = $1";
    if client.query_opt(role, &[&PROFILES])?.is_none() {
        client.batch_execute(&format!("create role {PROFILES}"))?;
    }
    // The password is of letters, digits, - and _.
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

fn refused(home: &ClusterHome, source: postgres::Error) -> ClusterError {
    ClusterError::NotSetUp {
        log: home.log(),
        source,
    }
}
