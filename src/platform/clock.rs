//! The clock. A request or job reads it once and passes the time on as a value, so rules are pure
//! functions and a test can advance the time by a month in one line.

use std::fmt::Debug;
use std::sync::Arc;

/// A point in time, always UTC when it comes from [`Clock`].
pub type Timestamp = time::OffsetDateTime;

/// A source of the current time: [`SystemClock`], or an adjustable clock in tests.
pub trait Clock: Debug + Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

pub type SharedClock = Arc<dyn Clock>;

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        // PostgreSQL stores microseconds; a timestamp must be equal after a round trip.
        let now = Timestamp::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000)
            .unwrap_or(now)
    }
}
