//! The clock. A request or job reads it once and passes the time on as a value, so rules are pure
//! functions and a test can advance the time by a month in one line.
//!
//! Rate limits count with [`Clock::uptime`] instead, because the machine's clock can step back (NTP, a
//! virtual machine that is resumed), and a limit would then hold for as long as the step was.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// A point in time, always UTC when it comes from [`Clock`].
pub type Timestamp = time::OffsetDateTime;

/// A source of the current time: [`SystemClock`], or an adjustable clock in tests.
pub trait Clock: Debug + Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// The time since the program started. Never goes back.
    fn uptime(&self) -> Duration;
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

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's monotonic clock"
    )]
    fn uptime(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// A clock that stands still until a test advances it.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct ManualClock(std::sync::Mutex<Duration>);

#[cfg(test)]
impl ManualClock {
    pub(crate) const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    /// The clock, and the same clock as others take it.
    pub(crate) fn new() -> (Arc<Self>, SharedClock) {
        let clock = Arc::new(Self::default());
        (Arc::clone(&clock), clock)
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

#[cfg(test)]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Self::START + self.uptime()
    }

    fn uptime(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}
