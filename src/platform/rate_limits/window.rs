//! Sliding windows.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use super::WindowLimit;
use crate::platform::clock::SharedClock;

/// The times of recent events per key.
///
/// Decision: a sliding window is used towards an upstream that counts per hour, because a bucket of six that
/// refills every ten minutes allows eleven events in its first hour.
#[derive(Debug)]
pub struct WindowLimiter<K> {
    clock: SharedClock,
    /// The longest span that is asked for.
    longest: Duration,
    events: HashMap<K, VecDeque<Duration>>,
}

/// When a window holds this many keys, idle ones are removed. This bounds the memory.
const MAX_KEYS: usize = 20_000;

impl<K: Hash + Eq + Clone> WindowLimiter<K> {
    /// `longest` is the longest span of the limits that are checked.
    pub fn new(longest: Duration, clock: &SharedClock) -> Self {
        Self {
            clock: SharedClock::clone(clock),
            longest,
            events: HashMap::new(),
        }
    }

    /// Checks whether there is room for another event. The error is how long to wait.
    pub fn check(&self, key: &K, limit: WindowLimit) -> Result<(), Duration> {
        let now = self.clock.uptime();
        let Some(times) = self.events.get(key) else {
            return Ok(());
        };
        let recent: Vec<Duration> = times
            .iter()
            .copied()
            .filter(|time| now.saturating_sub(*time) < limit.span)
            .collect();
        // There is room as soon as the oldest of the last `count` events leaves the window.
        let oldest = recent
            .len()
            .checked_sub(limit.count)
            .and_then(|index| recent.get(index));
        match oldest {
            Some(oldest) => Err((*oldest + limit.span).saturating_sub(now)),
            None => Ok(()),
        }
    }

    pub fn record(&mut self, key: K) {
        let (now, longest) = (self.clock.uptime(), self.longest);
        let is_recent = |time: &Duration| now.saturating_sub(*time) < longest;
        if self.events.len() >= MAX_KEYS {
            self.events
                .retain(|_, times| times.back().is_some_and(is_recent));
        }
        let times = self.events.entry(key).or_default();
        times.retain(is_recent);
        times.push_back(now);
    }

    /// Removes the key's last event.
    pub fn undo_last(&mut self, key: &K) {
        if let Some(times) = self.events.get_mut(key) {
            times.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::ManualClock;

    #[test]
    fn memory_has_an_end() {
        let (clock, shared) = ManualClock::new();
        let mut window = WindowLimiter::new(Duration::from_hours(1), &shared);
        for number in 1..u32::try_from(MAX_KEYS).unwrap() {
            window.record(number);
        }
        clock.advance(Duration::from_mins(30));
        window.record(0);
        clock.advance(Duration::from_mins(31));
        window.record(u32::MAX);
        assert_eq!(window.events.len(), 2);
    }
}
