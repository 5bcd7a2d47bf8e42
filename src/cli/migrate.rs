//! `profiles migrate`

use std::process::ExitCode;

use super::{Failure, database};
use crate::platform::config::Config;

pub(super) async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    database::open_beside(config).await?.close().await;
    Ok(ExitCode::SUCCESS)
}
