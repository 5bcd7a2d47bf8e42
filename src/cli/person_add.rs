//! `profiles person add`

use std::fmt;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CommandError, database, print};
use crate::connectors::{NewPassword, PasswordHasher, set_password};
use crate::people::records;
use crate::people::records::{
    ColumnUpdates, Email, Name, PersonUpdate, Role, RollNumber, Update, Username,
};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::id::PersonId;
use crate::platform::rng::{OsRng, Rng};

#[derive(Debug, Args)]
pub(super) struct PersonAddArgs {
    /// The name to sign in with
    #[arg(long)]
    username: Username,
    /// What apps call them, if allowed to; "" where there is none
    #[arg(long)]
    first_name: Name,
    /// "" where there is none
    #[arg(long)]
    last_name: Name,
    /// Where their mail goes
    #[arg(long)]
    email: Email,
    /// The directory's word for what they are, as ug, fac or stf
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Role>,
    /// Of students; the employee number of staff
    #[arg(long)]
    roll_number: Option<RollNumber>,
    /// May administer this service
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input (8 characters or more; one line end behind it is not part of it)
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Serialize)]
struct AddedPersonOutput<'a> {
    id: PersonId,
    username: &'a Username,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

pub(super) async fn add(add: PersonAddArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let rng: Arc<dyn Rng> = Arc::new(OsRng);
    let (password, is_generated) = read_or_generate_password(add.password_stdin, rng.as_ref())?;
    let database = database::open_beside(config).await?;
    let added = insert_person(&add, &database.db, &password, rng.as_ref()).await;
    database.close().await;
    let id = added
        .map_err(|error| CommandError::new(format!("{} was not added: {error}", add.username)))?;
    print(&AddedPersonOutput {
        id,
        username: &add.username,
        password: is_generated.then(|| password.expose()),
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn insert_person(
    add: &PersonAddArgs,
    db: &Db,
    password: &NewPassword,
    rng: &dyn Rng,
) -> Result<PersonId, CommandError> {
    let failed = |error: &dyn fmt::Display| CommandError::new(error.to_string());
    let hasher = PasswordHasher::start(rng).map_err(|error| failed(&error))?;
    let now = SystemClock.now();
    let mut tx = db.begin().await.map_err(|error| failed(&error))?;
    let id = records::add(&mut tx, &add.username, None, &person_update(add), now, rng)
        .await
        .map_err(|error| failed(&error))?;
    set_password(&mut tx, &hasher, (id, password), now, rng)
        .await
        .map_err(|error| failed(&error))?;
    tx.commit().await.map_err(|error| failed(&error))?;
    Ok(id)
}

fn person_update(add: &PersonAddArgs) -> PersonUpdate {
    let set = |given: Option<_>| given.map_or(Update::Keep, Update::Set);
    PersonUpdate {
        columns: ColumnUpdates {
            first_name: Some(add.first_name.clone()),
            last_name: Some(add.last_name.clone()),
            email: Some(add.email.to_string()),
            kind: add.kind.clone().map_or(Update::Keep, Update::Set),
            roll_number: set(add.roll_number.clone()),
            is_admin: Some(add.admin),
            ..ColumnUpdates::default()
        },
        ..PersonUpdate::default()
    }
}

/// The password from standard input or a generated one, and whether it is generated and so has to be
/// printed.
pub(super) fn read_or_generate_password(
    from_stdin: bool,
    rng: &dyn Rng,
) -> Result<(NewPassword, bool), CommandError> {
    if !from_stdin {
        return Ok((NewPassword::generate(rng), true));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| CommandError::while_doing("reading the password", error))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let password =
        NewPassword::parse(line).map_err(|invalid| CommandError::new(invalid.to_string()))?;
    Ok((password, false))
}
