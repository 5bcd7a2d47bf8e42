//! `profiles app add`

use std::process::ExitCode;

use crate::apps::command;
use crate::apps::command::AddApp;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::entropy::OsEntropy;

use super::Failure;
use super::database;
use super::print;

pub(super) async fn add(asked: AddApp, config: &Config) -> Result<ExitCode, Failure> {
    let database = database::open_beside(config).await?;
    let added = command::add(&database.db, asked, SystemClock.now(), &OsEntropy).await;
    database.close().await;
    print(&added.map_err(|error| Failure::new(error.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
