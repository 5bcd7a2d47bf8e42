//! `profiles migrate`

use std::process::ExitCode;

use crate::config::Config;

use super::Failure;
use super::database;

pub(super) async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    database::open_beside(config).await?.close().await;
    Ok(ExitCode::SUCCESS)
}
