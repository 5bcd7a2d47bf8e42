//! The environment, read once: what `.env` in the working directory says, and over it what the
//! process was given.

use std::collections::BTreeMap;

use super::CommandError;
use crate::platform::config::Config;

pub(super) fn read() -> Result<Config, CommandError> {
    let mut given = dotenv()?;
    given.extend(environment());
    Config::load(given).map_err(|error| CommandError::new(error.to_string()))
}

fn dotenv() -> Result<BTreeMap<String, String>, CommandError> {
    match dotenvy::from_path_iter(".env") {
        Ok(pairs) => pairs
            .collect::<Result<_, _>>()
            .map_err(|error| CommandError::while_doing("reading .env", error)),
        Err(dotenvy::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(BTreeMap::new())
        }
        Err(error) => Err(CommandError::while_doing("reading .env", error)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn environment() -> impl Iterator<Item = (String, String)> {
    // A value that is no text does not parse as any setting either.
    std::env::vars_os().map(|(name, value)| {
        let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
        (text(name), text(value))
    })
}
