//! A clock that a story can advance.

use std::sync::Mutex;

use profiles::platform::clock::SystemClock;
use time::{Duration, OffsetDateTime};

/// Starts at the real time and runs with it; [`Clock::advance`] jumps ahead, [`Clock::step_back`] is what NTP does
/// to a machine.
#[derive(Debug, Default)]
pub struct Clock {
    advanced: Mutex<Duration>,
    stepped_back: Mutex<Duration>,
}

impl Clock {
    pub fn advance(&self, by: Duration) {
        *self.advanced.lock().unwrap() += by;
    }

    pub fn step_back(&self, by: Duration) {
        *self.stepped_back.lock().unwrap() += by;
    }
}

impl profiles::platform::clock::Clock for Clock {
    fn now(&self) -> OffsetDateTime {
        SystemClock.now() + *self.advanced.lock().unwrap() - *self.stepped_back.lock().unwrap()
    }

    fn uptime(&self) -> std::time::Duration {
        SystemClock.uptime() + self.advanced.lock().unwrap().unsigned_abs()
    }
}
