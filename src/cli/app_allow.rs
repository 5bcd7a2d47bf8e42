//! `profiles app allow` and `profiles app disallow`

use std::process::ExitCode;

use crate::apps::command;
use crate::apps::command::AllowApp;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::entropy::OsEntropy;

use super::Failure;
use super::database;
use super::print;

pub(super) async fn allow(
    asked: AllowApp,
    allowed: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let database = database::open_beside(config).await?;
    let now = SystemClock.now();
    let changed = command::allow(&database.db, asked, allowed, now, &OsEntropy).await;
    database.close().await;
    print(&changed.map_err(|error| Failure::new(error.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
