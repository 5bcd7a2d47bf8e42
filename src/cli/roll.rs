//! `profiles roll`: changes and prints the meaning of the characters of a roll number.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{CommandError, database, print};
use crate::connectors::erp;
use crate::connectors::erp::{ClassRow, DepartmentRow, ErpRollNumber, RollTablesError};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::db;
use crate::platform::db::Db;
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
        RollCommand::List => erp::list_tables(db.pool())
            .await
            .map(RollReport::All)
            .map_err(command_error),
        RollCommand::Read(RollReadArgs { roll_number }) => {
            let roll = ErpRollNumber::parse(&roll_number).map_err(command_error)?;
            erp::find_attributes(db.pool(), &roll, now)
                .await
                .map(RollReport::Read)
                .map_err(command_error)
        }
        RollCommand::Class(args) => {
            let row = ClassRow {
                class: args.class,
                department: args.department,
                degree: args.degree,
                years: args.years,
                kind: args.kind,
            };
            let mut tx = db.begin().await.map_err(command_error)?;
            erp::set_class(&mut tx, &row, now, &OsRng)
                .await
                .map_err(command_error)?;
            tx.commit()
                .await
                .map_err(|error| command_error(db::Error::from(error)))?;
            Ok(RollReport::Class(row))
        }
        RollCommand::Forget(RollForgetArgs { class, department }) => {
            let mut tx = db.begin().await.map_err(command_error)?;
            let removed = erp::remove_class(&mut tx, (&class, department.as_deref()), now, &OsRng);
            removed.await.map_err(|error| match error {
                RollTablesError::NoSuchClass => CommandError::new(
                    "there is no such row. See what there is: `profiles roll list`",
                ),
                error => command_error(error),
            })?;
            tx.commit()
                .await
                .map_err(|error| command_error(db::Error::from(error)))?;
            erp::list_tables(db.pool())
                .await
                .map(RollReport::All)
                .map_err(command_error)
        }
        RollCommand::Department(args) => {
            let row = DepartmentRow {
                code: args.code,
                department: args.department,
            };
            let mut tx = db.begin().await.map_err(command_error)?;
            erp::set_department(&mut tx, &row, now, &OsRng)
                .await
                .map_err(command_error)?;
            tx.commit()
                .await
                .map_err(|error| command_error(db::Error::from(error)))?;
            Ok(RollReport::Department(row))
        }
    }
}

fn command_error(error: impl std::fmt::Display) -> CommandError {
    CommandError::new(error.to_string())
}
