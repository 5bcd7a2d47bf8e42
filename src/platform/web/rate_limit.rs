//! Rate limits, counted in the memory of each process.
//!
//! Each key has a token bucket that holds `burst` permits and regains one per `every`. Guessing becomes
//! hopeless, while a person waits at most one `every` for the next attempt. A permit is taken before an
//! attempt is checked, so that concurrent attempts cannot exceed the limit, and given back when the
//! attempt was right.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::Timestamp;

/// The size of a bucket, and the time after which it regains one permit.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    pub burst: u32,
    pub every: Duration,
}

impl RateLimit {
    pub const fn new(burst: u32, every: Duration) -> Self {
        Self { burst, every }
    }
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

/// One bucket per key. Cheap to clone.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: RateLimit,
    /// When each bucket will be full again (the “theoretical arrival time” of the generic cell rate
    /// algorithm). Full buckets need no entry.
    full_at: Arc<Mutex<HashMap<K, Timestamp>>>,
}

impl<K> Clone for RateLimiter<K> {
    fn clone(&self) -> Self {
        Self {
            limit: self.limit,
            full_at: Arc::clone(&self.full_at),
        }
    }
}

/// A permit for one attempt. Give it back if the attempt was right; dropping it leaves it used.
#[derive(Debug)]
#[must_use]
pub struct Permit<K> {
    limiter: RateLimiter<K>,
    key: K,
}

/// At this many buckets the full ones are removed, and then the fullest half.
const CAPACITY: usize = 100_000;

impl<K: Eq + Hash + Clone> RateLimiter<K> {
    pub fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            full_at: Arc::default(),
        }
    }

    /// Takes a permit, or returns how long to wait.
    pub fn take(&self, key: K, now: Timestamp) -> Result<Permit<K>, RateLimited> {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY {
            evict(&mut buckets, now);
        }
        let full_at = buckets.get(&key).copied().unwrap_or(now).max(now);
        let after = full_at + self.limit.every;
        let empty = now + self.limit.every * self.limit.burst;
        if after > empty {
            return Err(RateLimited((after - empty).unsigned_abs()));
        }
        buckets.insert(key.clone(), after);
        drop(buckets);
        Ok(Permit {
            limiter: self.clone(),
            key,
        })
    }
}

impl<K: Eq + Hash + Clone> Permit<K> {
    /// Returns the permit, as if the attempt had not been made.
    pub fn give_back(self) {
        let mut buckets = self
            .limiter
            .full_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&self.key) {
            *full_at -= self.limiter.limit.every;
        }
    }
}

fn evict<K: Eq + Hash + Clone>(buckets: &mut HashMap<K, Timestamp>, now: Timestamp) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() >= CAPACITY {
        // A flood of distinct keys: remove those that will be full soonest.
        let mut times: Vec<Timestamp> = buckets.values().copied().collect();
        let (_, median, _) = times.select_nth_unstable(CAPACITY / 2);
        let median = *median;
        buckets.retain(|_, full_at| *full_at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn a_burst_passes_and_then_one_attempt_per_interval() {
        let limiter = RateLimiter::new(RateLimit::new(3, Duration::from_secs(10)));
        for _ in 0..3 {
            let _ = limiter.take("asha", START).unwrap();
        }
        assert_eq!(
            limiter.take("asha", START).unwrap_err(),
            RateLimited(Duration::from_secs(10))
        );
        assert!(limiter.take("ravi", START).is_ok());
        assert!(
            limiter
                .take("asha", START + Duration::from_secs(10))
                .is_ok()
        );
        let rate_limited = limiter
            .take("asha", START + Duration::from_millis(10_500))
            .unwrap_err();
        assert_eq!(rate_limited.seconds(), 10);
    }

    #[test]
    fn a_permit_given_back_does_not_count() {
        let limiter = RateLimiter::new(RateLimit::new(1, Duration::from_secs(10)));
        for _ in 0..5 {
            limiter.take("asha", START).unwrap().give_back();
        }
    }

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
