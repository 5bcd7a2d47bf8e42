//! Time that a story moves, and chance from the operating system.

use std::sync::Mutex;

use rand::Rng as _;
use time::Duration;
use time::OffsetDateTime;

/// Starts at the real time and goes on with it; [`Clock::advance`] jumps ahead.
#[derive(Debug, Default)]
pub struct Clock {
    slept: Mutex<Duration>,
}

impl Clock {
    pub fn advance(&self, by: Duration) {
        *self.slept.lock().unwrap() += by;
    }
}

impl profiles::clock::Clock for Clock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + *self.slept.lock().unwrap()
    }
}

#[derive(Debug)]
pub struct Chance;

impl profiles::entropy::Entropy for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
