//! `profiles roll`: changes and prints the meaning of the characters of a roll number.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, database, print};
use crate::connectors::erp;
use crate::connectors::erp::{ClassRow, DepartmentRow, ErpRollNumber, RollTablesError};
use crate::platform::clock::{Clock, SystemClock, Timestamp};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::{Db, Tx};
use crate::platform::rng::OsRng;

#[derive(Debug, Subcommand)]
pub(super) enum RollCommand {
    /// Says what a fifth character means, and prints the row; who signed in before keeps what they have
    Class(RollClassArgs),
    /// Drops such a row
    Forget(RollForgetArgs),
    /// Says by which code profiles know a department, where it is not that of the roll number
    Department(RollDepartmentArgs),
    /// Prints every row: `{"classes": […], "departments": […]}`
    List,
    /// Prints what a roll number says, as it would be written into a new profile
    Read(RollReadArgs),
}

#[derive(Debug, Args)]
pub(super) struct RollClassArgs {
    /// The fifth character of the roll number, as 1
    class: String,
    /// Only in this department, by its two letters in roll numbers
    #[arg(long)]
    department: Option<String>,
    /// A code of the degrees of `profiles choice list`
    #[arg(long)]
    degree: Option<String>,
    /// How long it takes, if that is known
    #[arg(long)]
    years: Option<i32>,
    /// What such people are, as ug, pg or rs
    #[arg(long = "type")]
    kind: String,
}

#[derive(Debug, Args)]
pub(super) struct RollForgetArgs {
    /// The fifth character of the roll number, as 1
    class: String,
    /// The row of this department
    #[arg(long)]
    department: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RollDepartmentArgs {
    /// The two letters in roll numbers, as CH
    code: String,
    /// A code of the departments of `profiles choice list`, as CHE
    department: String,
}

#[derive(Debug, Args)]
pub(super) struct RollReadArgs {
    /// As 21CS10001
    roll_number: String,
}

/// The command's output.
#[derive(Serialize)]
#[serde(untagged)]
enum RollReport {
    Class(ClassRow),
    Department(DepartmentRow),
    All(erp::RollTables),
    Read(erp::RollAttributes),
}

pub(super) async fn run(command: RollCommand, config: &Config) -> Result<ExitCode, CommandError> {
    let database = database::open_beside(config).await?;
    let report = run_command(command, &database.db).await;
    database.close().await;
    print(&report?)?;
    Ok(ExitCode::SUCCESS)
}

async fn run_command(command: RollCommand, db: &Db) -> Result<RollReport, CommandError> {
    let now = SystemClock.now();
    match command {
        RollCommand::List => list_tables(db).await,
        RollCommand::Read(RollReadArgs { roll_number }) => {
            let roll = ErpRollNumber::parse(&roll_number).map_err(command_error)?;
            let attributes = erp::find_attributes(db.pool(), &roll, now).await;
            attributes.map(RollReport::Read).map_err(command_error)
        }
        RollCommand::Class(args) => set_class(args, db, now).await,
        RollCommand::Forget(args) => remove_class(args, db, now).await,
        RollCommand::Department(args) => set_department(args, db, now).await,
    }
}

async fn list_tables(db: &Db) -> Result<RollReport, CommandError> {
    let tables = erp::list_tables(db.pool()).await;
    tables.map(RollReport::All).map_err(command_error)
}

async fn set_class(
    args: RollClassArgs,
    db: &Db,
    now: Timestamp,
) -> Result<RollReport, CommandError> {
    let row = ClassRow {
        class: args.class,
        department: args.department,
        degree: args.degree,
        years: args.years,
        kind: args.kind,
    };
    let mut tx = db.begin().await.map_err(command_error)?;
    let set = erp::set_class(&mut tx, &row, now, &OsRng).await;
    set.map_err(command_error)?;
    commit(tx).await?;
    Ok(RollReport::Class(row))
}

async fn remove_class(
    args: RollForgetArgs,
    db: &Db,
    now: Timestamp,
) -> Result<RollReport, CommandError> {
    let key = (args.class.as_str(), args.department.as_deref());
    let mut tx = db.begin().await.map_err(command_error)?;
    let removed = erp::remove_class(&mut tx, key, now, &OsRng).await;
    removed.map_err(|error| match error {
        RollTablesError::NoSuchClass => {
            CommandError::new("there is no such row. See what there is: `profiles roll list`")
        }
        error => command_error(error),
    })?;
    commit(tx).await?;
    list_tables(db).await
}

async fn set_department(
    args: RollDepartmentArgs,
    db: &Db,
    now: Timestamp,
) -> Result<RollReport, CommandError> {
    let row = DepartmentRow {
        code: args.code,
        department: args.department,
    };
    let mut tx = db.begin().await.map_err(command_error)?;
    let set = erp::set_department(&mut tx, &row, now, &OsRng).await;
    set.map_err(command_error)?;
    commit(tx).await?;
    Ok(RollReport::Department(row))
}

async fn commit(tx: Tx) -> Result<(), CommandError> {
    let committed = tx.commit().await.map_err(db::Error::from);
    committed.map_err(command_error)
}

fn command_error(error: impl std::fmt::Display) -> CommandError {
    CommandError::new(error.to_string())
}
