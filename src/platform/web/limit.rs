//! How often: what may be tried, by whom, before it is slowed. In memory, per process, bounded.
//!
//! Each limit is a bucket that holds `burst` tries and gets one back `every` so often. So guessing
//! becomes hopeless while nobody is shut out for longer than one `every`. A try is taken before it is
//! judged, so that many at once cannot slip through, and given back when it was right.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::Timestamp;

/// Tries a bucket holds, and how often it gets one back.
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

/// Too often: come back after this span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited(pub Duration);

impl RateLimited {
    /// For `Retry-After`: whole seconds, rounded up, at least one.
    pub fn seconds(self) -> u64 {
        self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0).max(u64::from(self.0.is_zero()))
    }

    /// For people, behind “Try again in”: `1 second`, `89 seconds`, `2 minutes`, rounded up.
    pub fn in_words(self) -> String {
        match self.seconds() {
            1 => "1 second".to_owned(),
            seconds @ ..90 => format!("{seconds} seconds"),
            seconds => format!("{} minutes", seconds.div_ceil(60)),
        }
    }
}

/// Buckets of one kind, by key. Cheap to clone.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: RateLimit,
    /// When each bucket will be full again (the generic cell rate algorithm's arrival time). One that
    /// is full already need not be kept.
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

/// A try that was taken. Give it back when it was right; dropping it keeps it taken.
#[derive(Debug)]
#[must_use]
pub struct Permit<K> {
    limits: RateLimiter<K>,
    key: K,
}

/// Above this many buckets the full ones are swept; if none is, the fullest make room.
const CAPACITY: usize = 100_000;

impl<K: Eq + Hash + Clone> RateLimiter<K> {
    pub fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            full_at: Arc::default(),
        }
    }

    /// Takes a try, or says how long to wait.
    pub fn take(&self, key: K, now: Timestamp) -> Result<Permit<K>, RateLimited> {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY {
            make_room(&mut buckets, now);
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
            limits: self.clone(),
            key,
        })
    }
}

impl<K: Eq + Hash + Clone> Permit<K> {
    /// It was right: as if it had not been.
    pub fn give_back(self) {
        let mut buckets = self
            .limits
            .full_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&self.key) {
            *full_at -= self.limits.limit.every;
        }
    }
}

fn make_room<K: Eq + Hash + Clone>(buckets: &mut HashMap<K, Timestamp>, now: Timestamp) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() >= CAPACITY {
        // A flood of distinct keys: forget those that will be full soonest.
        let mut moments: Vec<Timestamp> = buckets.values().copied().collect();
        let (_, median, _) = moments.select_nth_unstable(CAPACITY / 2);
        let median = *median;
        buckets.retain(|_, full_at| *full_at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn a_burst_passes_then_one_comes_back_every_so_often() {
        let limits = RateLimiter::new(RateLimit::new(3, Duration::from_secs(10)));
        for _ in 0..3 {
            let _ = limits.take("asha", START).unwrap();
        }
        assert_eq!(
            limits.take("asha", START).unwrap_err(),
            RateLimited(Duration::from_secs(10))
        );
        assert!(limits.take("ravi", START).is_ok());
        assert!(limits.take("asha", START + Duration::from_secs(10)).is_ok());
        let slowed = limits
            .take("asha", START + Duration::from_millis(10_500))
            .unwrap_err();
        assert_eq!(slowed.seconds(), 10);
    }

    #[test]
    fn a_right_try_costs_nothing() {
        let limits = RateLimiter::new(RateLimit::new(1, Duration::from_secs(10)));
        for _ in 0..5 {
            limits.take("asha", START).unwrap().give_back();
        }
    }

    #[test]
    fn a_wait_is_said_in_minutes_once_it_is_long() {
        let said = |seconds| RateLimited(Duration::from_secs(seconds)).in_words();
        let waits = [0, 1, 2, 60, 89, 90, 121, 3_600].map(said);
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
    fn waiting_is_never_said_to_be_zero_seconds() {
        assert_eq!(RateLimited(Duration::ZERO).seconds(), 1);
        assert_eq!(RateLimited(Duration::from_millis(1)).seconds(), 1);
        assert_eq!(RateLimited(Duration::from_secs(3)).seconds(), 3);
    }
}
