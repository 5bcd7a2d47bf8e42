//! Token buckets.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{RateLimit, RateLimited};
use crate::platform::clock::SharedClock;

/// One bucket per key. Cheap to clone.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: RateLimit,
    clock: SharedClock,
    /// At which uptime each bucket will be full again (the “theoretical arrival time” of the generic cell
    /// rate algorithm). Full buckets need no entry.
    full_at: Arc<Mutex<HashMap<K, Duration>>>,
}

impl<K> Clone for RateLimiter<K> {
    fn clone(&self) -> Self {
        Self {
            limit: self.limit,
            clock: Arc::clone(&self.clock),
            full_at: Arc::clone(&self.full_at),
        }
    }
}

/// A permit for one attempt. It is taken before the attempt is checked, so that concurrent attempts cannot
/// exceed the limit. Give it back if the attempt was right; dropping it leaves it used.
#[derive(Debug)]
#[must_use]
pub struct Permit<K> {
    limiter: RateLimiter<K>,
    key: K,
}

/// At this many buckets the full ones are removed, and then the fullest half.
const CAPACITY: usize = 100_000;

impl<K: Eq + Hash + Clone> RateLimiter<K> {
    pub fn new(limit: RateLimit, clock: &SharedClock) -> Self {
        Self {
            limit,
            clock: Arc::clone(clock),
            full_at: Arc::default(),
        }
    }

    /// Takes a permit, or returns how long to wait.
    pub fn take(&self, key: K) -> Result<Permit<K>, RateLimited> {
        let now = self.clock.uptime();
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY {
            evict(&mut buckets, now);
        }
        let full_at = buckets.get(&key).copied().unwrap_or(now).max(now);
        let after = full_at + self.limit.every;
        let empty = now + self.limit.every * self.limit.burst;
        if after > empty {
            return Err(RateLimited(after.saturating_sub(empty)));
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
            *full_at = full_at.saturating_sub(self.limiter.limit.every);
        }
    }
}

fn evict<K: Eq + Hash + Clone>(buckets: &mut HashMap<K, Duration>, now: Duration) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() >= CAPACITY {
        // A flood of distinct keys: remove those that will be full soonest.
        let mut times: Vec<Duration> = buckets.values().copied().collect();
        let (_, median, _) = times.select_nth_unstable(CAPACITY / 2);
        let median = *median;
        buckets.retain(|_, full_at| *full_at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::ManualClock;

    fn limiter(burst: u32) -> (RateLimiter<&'static str>, Arc<ManualClock>) {
        let (clock, shared) = ManualClock::new();
        let limit = RateLimit {
            of: "attempts",
            burst,
            every: Duration::from_secs(10),
        };
        (RateLimiter::new(limit, &shared), clock)
    }

    #[test]
    fn a_burst_passes_and_then_one_attempt_per_interval() {
        let (limiter, clock) = limiter(3);
        for _ in 0..3 {
            let _ = limiter.take("asha").unwrap();
        }
        assert_eq!(
            limiter.take("asha").unwrap_err(),
            RateLimited(Duration::from_secs(10))
        );
        assert!(limiter.take("ravi").is_ok());
        clock.advance(Duration::from_secs(10));
        assert!(limiter.take("asha").is_ok());
        clock.advance(Duration::from_millis(500));
        assert_eq!(limiter.take("asha").unwrap_err().seconds(), 10);
    }

    #[test]
    fn a_permit_given_back_does_not_count() {
        let (limiter, _) = limiter(1);
        for _ in 0..5 {
            limiter.take("asha").unwrap().give_back();
        }
    }
}
