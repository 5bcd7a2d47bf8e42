//! A clock that a story can advance.

use std::sync::Mutex;

use profiles::platform::clock::SystemClock;
use time::{Duration, OffsetDateTime};

/// Starts at the real time and runs with it; [`Clock::advance`] jumps ahead.
#[derive(Debug, Default)]
pub struct Clock {
    advanced: Mutex<Duration>,
}

impl Clock {
    pub fn advance(&self, by: Duration) {
        *self.advanced.lock().unwrap() += by;
    }
}

impl profiles::platform::clock::Clock for Clock {
    fn now(&self) -> OffsetDateTime {
        SystemClock.now() + *self.advanced.lock().unwrap()
    }
}
