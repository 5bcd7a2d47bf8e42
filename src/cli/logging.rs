//! Logging: to standard error, as text or JSON, filtered by `PROFILES_LOG`.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::CommandError;

static WRITES_JSON: AtomicBool = AtomicBool::new(false);

/// Whether the log is JSON, so that nothing else may be written to standard error.
pub(super) fn writes_json() -> bool {
    WRITES_JSON.load(Ordering::Relaxed)
}

pub(super) fn start(filter: &str, json: bool) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(filter).map_err(|_| {
        CommandError::new("PROFILES_LOG must be a filter, as info or info,profiles=debug")
    })?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = if json {
        layer.json().flatten_event(true).boxed()
    } else {
        let colours = std::io::stderr().is_terminal();
        layer.with_ansi(colours).boxed()
    };
    // Global filters instead of filters of the layer: with those, a call of `enabled` without an event (as by
    // sqlx) makes the next event on that thread disappear.
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(is_allowed))
        .with(layer)
        .try_init()
        .map_err(|error| CommandError::while_doing("starting the log", error))?;
    if json {
        WRITES_JSON.store(true, Ordering::Relaxed);
        std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task panicked")));
    }
    Ok(())
}

/// Security: below the level of warnings, libraries log sessions, texts of mails and passwords of mail
/// servers. No filter may enable that.
fn is_allowed(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN || metadata.target().starts_with("profiles")
}
