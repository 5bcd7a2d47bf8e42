//! Rate limits, counted in the memory of each process, on a clock that never goes back.
//!
//! [`table`] has every limit of the program. Most are a token bucket per key ([`RateLimiter`]): guessing
//! becomes hopeless, while a person waits a short and known time for the next attempt. Where an upstream
//! counts per hour, a sliding window ([`WindowLimiter`]) counts in the same way.
//!
//! Decision: each limit per account is counted apart for browsers that have signed in to the account before
//! ([`BrowserKind`]), because otherwise a stranger could use up the attempts of the owner.

mod bucket;
pub mod table;
mod window;

use std::time::Duration;

pub use bucket::{Permit, RateLimiter};
pub use window::WindowLimiter;

/// A token bucket: its size, and the time after which it regains one permit.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// What is counted, and per what.
    pub of: &'static str,
    pub burst: u32,
    pub every: Duration,
}

/// A sliding window: at most so many events in any span of this length.
#[derive(Debug, Clone, Copy)]
pub struct WindowLimit {
    /// What is counted, and per what.
    pub of: &'static str,
    pub count: usize,
    pub span: Duration,
}

/// Whose attempts share a limit per account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BrowserKind {
    /// It has signed in to the account before.
    Known,
    Stranger,
}

/// The limit is reached; a permit is available after this duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited(pub Duration);

impl RateLimited {
    /// Whole seconds, rounded up and at least one, for `Retry-After`.
    pub fn seconds(self) -> u64 {
        self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0).max(u64::from(self.0.is_zero()))
    }

    /// For sentences such as “Try again in 2 minutes”: `1 second`, `89 seconds`, `2 minutes`, rounded up.
    pub fn in_words(self) -> String {
        match self.seconds() {
            1 => "1 second".to_owned(),
            seconds @ ..90 => format!("{seconds} seconds"),
            seconds => format!("{} minutes", seconds.div_ceil(60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_are_worded_in_minutes() {
        let words = |seconds| RateLimited(Duration::from_secs(seconds)).in_words();
        let waits = [0, 1, 2, 60, 89, 90, 121, 3_600].map(words);
        let expected = [
            "1 second",
            "1 second",
            "2 seconds",
            "60 seconds",
            "89 seconds",
            "2 minutes",
            "3 minutes",
            "60 minutes",
        ];
        assert_eq!(waits, expected);
    }

    #[test]
    fn a_wait_is_never_zero_seconds() {
        assert_eq!(RateLimited(Duration::ZERO).seconds(), 1);
        assert_eq!(RateLimited(Duration::from_millis(1)).seconds(), 1);
        assert_eq!(RateLimited(Duration::from_secs(3)).seconds(), 3);
    }
}
