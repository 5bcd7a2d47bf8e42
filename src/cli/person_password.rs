//! `profiles person password`

use std::fmt;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::person_add::read_or_generate_password;
use super::{CommandError, database, print};
use crate::connectors::{NewPassword, PasswordHasher, set_password};
use crate::people::records;
use crate::people::records::Username;
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::rng::OsRng;
use crate::protocol::token;

#[derive(Debug, Args)]
pub(super) struct PersonPasswordArgs {
    /// Whose
    username: Username,
    /// Read the password from standard input (8 characters or more; one line end behind it is not part of it)
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Serialize)]
struct NewPasswordOutput<'a> {
    username: &'a Username,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

pub(super) async fn set(
    args: PersonPasswordArgs,
    config: &Config,
) -> Result<ExitCode, CommandError> {
    let (password, is_generated) = read_or_generate_password(args.password_stdin, &OsRng)?;
    let database = database::open_beside(config).await?;
    let kept = store_password(&args.username, &database.db, &password).await;
    database.close().await;
    kept.map_err(|error| CommandError::new(format!("no password was set: {error}")))?;
    print(&NewPasswordOutput {
        username: &args.username,
        password: is_generated.then(|| password.expose()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Sets a password, which ends sessions, and ends the tokens that began with the old one.
async fn store_password(
    username: &Username,
    db: &Db,
    password: &NewPassword,
) -> Result<(), CommandError> {
    let failed = |error: &dyn fmt::Display| CommandError::new(error.to_string());
    let hasher = PasswordHasher::start(&OsRng).map_err(|error| failed(&error))?;
    let now = SystemClock.now();
    let mut tx = db.begin().await.map_err(|error| failed(&error))?;
    let person = records::find_id(&mut *tx, username.as_str())
        .await
        .map_err(|error| failed(&error))?
        .ok_or_else(|| {
            CommandError::new(format!(
                "there is nobody with the username {username}. Add the person first: \
                 `profiles person add --username {username} …`"
            ))
        })?;
    set_password(&mut tx, &hasher, (person, password), now, &OsRng)
        .await
        .map_err(|error| failed(&error))?;
    token::revoke_tokens_of_person(&mut *tx, person, now)
        .await
        .map_err(|error| failed(&error))?;
    let entry = AuditEntry::of("person.password_set").about(person);
    audit::record(&mut *tx, entry, now, &OsRng)
        .await
        .map_err(|error| failed(&error))?;
    tx.commit().await.map_err(|error| failed(&error))
}
