//! `profiles app add`

use std::process::ExitCode;

use super::{CommandError, database, print};
use crate::platform::clock::{Clock, SystemClock};
use crate::platform::config::Config;
use crate::platform::rng::OsRng;
use crate::protocol::clients::command;
use crate::protocol::clients::command::RegisterAppArgs;

pub(super) async fn add(args: RegisterAppArgs, config: &Config) -> Result<ExitCode, CommandError> {
    let database = database::open_beside(config).await?;
    let added = command::register_app(&database.db, args, SystemClock.now(), &OsRng).await;
    database.close().await;
    print(&added.map_err(|error| CommandError::new(error.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}
