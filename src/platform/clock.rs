//! What time it is. Read once per request or job and handed down as a value, so rules stay pure and
//! tests can let a month pass in a line.

use std::fmt::Debug;
use std::sync::Arc;

/// A point in time, always UTC when it comes from [`Clock`].
pub type Timestamp = time::OffsetDateTime;

/// Tells the time. The server has [`SystemClock`]; stories have one they can turn.
pub trait Clock: Debug + Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        // PostgreSQL keeps microseconds: a moment must come back from it as it went in.
        let now = Timestamp::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000)
            .unwrap_or(now)
    }
}
