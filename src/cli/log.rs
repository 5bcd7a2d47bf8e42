//! The log: to standard error, as text or JSON, filtered as `PROFILES_LOG` says.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::CommandError;

pub(super) fn begin(filter: &str, json: bool) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(filter).map_err(|_| {
        CommandError::new("PROFILES_LOG must be a filter, as info or info,profiles=debug")
    })?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if json {
        lines.json().flatten_event(true).boxed()
    } else {
        let colours = std::io::stderr().is_terminal();
        lines.with_ansi(colours).boxed()
    };
    // Global filters, not the layer's own: of those, a question whether anybody listens (sqlx asks it)
    // makes the next line on that thread disappear.
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_fit))
        .with(lines)
        .try_init()
        .map_err(|error| CommandError::while_doing("starting the log", error))
}

/// Libraries print below warnings what they carry: sessions, the text of mails, passwords of mail
/// servers. No filter may switch that on.
fn is_fit(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN || metadata.target().starts_with("profiles")
}
