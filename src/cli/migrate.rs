//! `profiles migrate`

use std::process::ExitCode;

use super::{CommandError, database};
use crate::platform::config::Config;

pub(super) async fn migrate(config: &Config) -> Result<ExitCode, CommandError> {
    database::open_or_create(config).await?.close().await;
    Ok(ExitCode::SUCCESS)
}
