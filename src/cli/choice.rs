//! `profiles choice`: the choices in profiles.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, database, print};
use crate::people::records;
use crate::people::records::{ChoiceKind, ListChoice, PeopleError};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::OsRng;

#[derive(Debug, Subcommand)]
pub(super) enum ChoiceCommand {
    /// Adds an entry and prints it; an existing one gets this name and can be chosen again
    Add(ChoiceAddArgs),
    /// Retires an entry and prints it; profiles that have it keep it
    Retire(ChoiceRetireArgs),
    /// Prints every entry, retired ones included: `{"choices": [{"kind", "code", "name", …}]}`
    List(ChoiceListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ChoiceAddArgs {
    /// hostel, department or degree
    kind: ChoiceKind,
    /// The code in profiles and the user API, as 19 or CSE; case-sensitive and permanent
    code: String,
    /// The displayed name
    name: String,
    /// Rooms of this hostel carry a wing letter, as A-12
    #[arg(long)]
    wings: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChoiceRetireArgs {
    /// hostel, department or degree
    kind: ChoiceKind,
    /// As `profiles choice list` shows it
    code: String,
}

#[derive(Debug, Args)]
pub(super) struct ChoiceListArgs {
    /// Only hostel, department or degree
    kind: Option<ChoiceKind>,
}

#[derive(Debug, Serialize)]
struct ChoiceOutput {
    choices: Vec<ListChoice>,
}

pub(super) async fn run(command: ChoiceCommand, config: &Config) -> Result<ExitCode, CommandError> {
    let database = database::open_beside(config).await?;
    let result = match command {
        ChoiceCommand::Add(add) => change(&database.db, &ChoiceChange::Add(add))
            .await
            .map(ChoiceReport::One),
        ChoiceCommand::Retire(retire) => {
            let retired = change(&database.db, &ChoiceChange::Retire(retire)).await;
            retired.map(ChoiceReport::One)
        }
        ChoiceCommand::List(list) => list_entries(&database.db, list.kind)
            .await
            .map(ChoiceReport::All),
    };
    database.close().await;
    match result? {
        ChoiceReport::One(choice) => print(&choice)?,
        ChoiceReport::All(list_entries) => print(&list_entries)?,
    }
    Ok(ExitCode::SUCCESS)
}

enum ChoiceReport {
    One(ListChoice),
    All(ChoiceOutput),
}

enum ChoiceChange {
    Add(ChoiceAddArgs),
    Retire(ChoiceRetireArgs),
}

async fn change(db: &Db, requested: &ChoiceChange) -> Result<ListChoice, CommandError> {
    let now = SystemClock.now();
    let mut tx = db.begin().await.map_err(|error| failed(&error))?;
    let changed = match requested {
        ChoiceChange::Add(add) => {
            let entry = (add.kind, add.code.as_str(), add.name.as_str(), add.wings);
            records::add_choice(&mut tx, entry, now, &OsRng).await
        }
        ChoiceChange::Retire(retire) => {
            let entry = (retire.kind, retire.code.as_str());
            records::retire_choice(&mut tx, entry, now, &OsRng).await
        }
    };
    let choice = changed.map_err(|error| match error {
        PeopleError::NoSuchChoice => CommandError::new(
            "there is no entry of this kind and code. See what there is: `profiles choice list`",
        ),
        error => failed(&error),
    })?;
    tx.commit()
        .await
        .map_err(|error| failed(&db::Error::from(error)))?;
    Ok(choice)
}

async fn list_entries(db: &Db, kind: Option<ChoiceKind>) -> Result<ChoiceOutput, CommandError> {
    let choices = records::list_choices(db.pool()).await;
    let mut choices = choices.map_err(|error| failed(&error))?;
    choices.retain(|choice| kind.is_none_or(|kind| choice.kind == kind.as_str()));
    Ok(ChoiceOutput { choices })
}

fn failed(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(error.to_string())
}
