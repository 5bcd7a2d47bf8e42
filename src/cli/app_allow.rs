//! `profiles app allow` and `profiles app disallow`

use std::process::ExitCode;

use super::{Failure, database, print};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::rng::OsEntropy;
use crate::protocol::clients::command;
use crate::protocol::clients::command::AllowApp;

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
