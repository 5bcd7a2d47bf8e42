//! `profiles app add`

use std::process::ExitCode;

use super::{Failure, database, print};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::rng::OsEntropy;
use crate::protocol::clients::command;
use crate::protocol::clients::command::AddApp;

pub(super) async fn add(asked: AddApp, config: &Config) -> Result<ExitCode, Failure> {
    let database = database::open_beside(config).await?;
    let added = command::add(&database.db, asked, SystemClock.now(), &OsEntropy).await;
    database.close().await;
    print(&added.map_err(|error| Failure::new(error.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
