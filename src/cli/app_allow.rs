//! `profiles app allow` and `profiles app disallow`

use std::process::ExitCode;

use super::{CommandError, database, print};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::rng::OsRng;
use crate::protocol::clients::command;
use crate::protocol::clients::command::AllowAppArgs;

pub(super) async fn allow(
    args: AllowAppArgs,
    allowed: bool,
    config: &Config,
) -> Result<ExitCode, CommandError> {
    let database = database::open_beside(config).await?;
    let now = SystemClock.now();
    let changed = command::allow_app(&database.db, args, allowed, now, &OsRng).await;
    database.close().await;
    print(&changed.map_err(|error| CommandError::new(error.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
