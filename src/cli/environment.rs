//! Reads the settings, once: from `.env` in the working directory, and from the environment, which takes
//! precedence.

use super::CommandError;
use super::dotenv::read_dotenv;
use crate::platform::config::Config;

pub(super) fn read_config() -> Result<Config, CommandError> {
    let mut variables = read_dotenv()?;
    variables.extend(read_environment());
    Config::load(variables).map_err(|error| CommandError::new(error.to_string()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn read_environment() -> impl Iterator<Item = (String, String)> {
    // A value that is not UTF-8 is not valid for any setting, so a lossy conversion is enough.
    std::env::vars_os().map(|(name, value)| {
        let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
        (text(name), text(value))
    })
}
