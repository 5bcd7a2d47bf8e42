//! `profiles migrate`

use std::process::ExitCode;

use crate::config::Config;

use super::Failure;
use super::database;

pub(super) async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    let db = database::open(config).await?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
