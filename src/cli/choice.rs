//! `profiles choice`: what profiles may choose from.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Failure, database, print};
use crate::people::records;
use crate::people::records::{Choice, ChoiceKind, PeopleError};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rng::OsEntropy;

#[derive(Debug, Subcommand)]
pub(super) enum Asked {
    /// Offers an entry and prints it; one that is there gets this name and is on offer again
    Add(Add),
    /// Takes an entry off the list and prints it; whoever carries it keeps it, and its name
    Retire(Retire),
    /// Prints every entry, retired ones included: `{"choices": [{"kind", "code", "name", …}]}`
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// hostel, department or degree
    kind: ChoiceKind,
    /// What profiles and the user API hold, as 19 or CSE; capitals matter, and it stays for good
    code: String,
    /// What people read
    name: String,
    /// Rooms of this hostel carry a wing letter, as A-12
    #[arg(long)]
    wings: bool,
}

#[derive(Debug, Args)]
pub(super) struct Retire {
    /// hostel, department or degree
    kind: ChoiceKind,
    /// As `profiles choice list` shows it
    code: String,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only hostel, department or degree
    kind: Option<ChoiceKind>,
}

#[derive(Debug, Serialize)]
struct Listed {
    choices: Vec<Choice>,
}

pub(super) async fn run(asked: Asked, config: &Config) -> Result<ExitCode, Failure> {
    let database = database::open_beside(config).await?;
    let result = match asked {
        Asked::Add(add) => change(&database.db, &Change::Add(add)).await.map(Told::One),
        Asked::Retire(retire) => {
            let retired = change(&database.db, &Change::Retire(retire)).await;
            retired.map(Told::One)
        }
        Asked::List(list) => listed(&database.db, list.kind).await.map(Told::All),
    };
    database.close().await;
    match result? {
        Told::One(choice) => print(&choice)?,
        Told::All(listed) => print(&listed)?,
    }
    Ok(ExitCode::SUCCESS)
}

enum Told {
    One(Choice),
    All(Listed),
}

enum Change {
    Add(Add),
    Retire(Retire),
}

async fn change(db: &Db, wanted: &Change) -> Result<Choice, Failure> {
    let now = SystemClock.now();
    let mut tx = db.begin().await.map_err(|error| failed(&error))?;
    let changed = match wanted {
        Change::Add(add) => {
            let entry = (add.kind, add.code.as_str(), add.name.as_str(), add.wings);
            records::add_choice(&mut tx, entry, now, &OsEntropy).await
        }
        Change::Retire(retire) => {
            let entry = (retire.kind, retire.code.as_str());
            records::retire_choice(&mut tx, entry, now, &OsEntropy).await
        }
    };
    let choice = changed.map_err(|why| match why {
        PeopleError::NoSuchChoice => Failure::new(
            "there is no entry of this kind and code. See what there is: `profiles choice list`",
        ),
        why => failed(&why),
    })?;
    tx.commit()
        .await
        .map_err(|error| failed(&db::Error::from(error)))?;
    Ok(choice)
}

async fn listed(db: &Db, kind: Option<ChoiceKind>) -> Result<Listed, Failure> {
    let choices = records::list_choices(db.pool()).await;
    let mut choices = choices.map_err(|error| failed(&error))?;
    choices.retain(|choice| kind.is_none_or(|kind| choice.kind == kind.as_str()));
    Ok(Listed { choices })
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
