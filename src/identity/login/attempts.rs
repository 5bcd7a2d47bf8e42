//! Half-finished sign-ins, in memory on purpose: bounded, one lock each, ten minutes at most. What an
//! adapter remembers in one is wiped when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::connectors::{Held, Prompt};
use crate::platform::clock::Moment;
use crate::platform::secret::Fingerprint;

/// How long a sign-in may take from its first form to its last.
const LIVES_FOR: Duration = Duration::from_mins(10);
/// At once. Above it the oldest make room.
const CAPACITY: usize = 4_096;

/// One of them.
#[derive(Debug)]
pub(super) struct Attempt {
    pub prompt: Prompt,
    /// `None` while the adapter has it.
    pub held: Option<Held>,
    pub tries: u32,
}

/// What is known without the lock.
#[derive(Debug)]
struct Seat {
    /// The browser that began it, and no other may go on.
    browser: Fingerprint,
    way: &'static str,
    began_at: Moment,
    attempt: Arc<Lock<Attempt>>,
}

/// All of them, by the name their page carries. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<Fingerprint, Seat>>>);

/// What came of asking for one.
#[derive(Debug)]
pub(super) enum Found {
    /// It is yours until you drop it.
    Here(OwnedMutexGuard<Attempt>),
    /// Its last answer is still being judged.
    Busy,
    /// Over, unknown, or another browser's or process'.
    Gone,
}

impl Attempts {
    /// Keeps one under `name`, which is a secret of the page that shows it.
    pub(super) fn keep(
        &self,
        name: &str,
        (browser, way): (&str, &'static str),
        attempt: Attempt,
        now: Moment,
    ) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.len() >= CAPACITY {
            seats.retain(|_, seat| now < seat.began_at + LIVES_FOR);
        }
        if seats.len() >= CAPACITY {
            let oldest = seats.iter().min_by_key(|(_, seat)| seat.began_at);
            if let Some(oldest) = oldest.map(|(name, _)| *name) {
                seats.remove(&oldest);
            }
        }
        seats.insert(
            Fingerprint::of(name.as_bytes()),
            Seat {
                browser: Fingerprint::of(browser.as_bytes()),
                way,
                began_at: now,
                attempt: Arc::new(Lock::new(attempt)),
            },
        );
    }

    pub(super) fn find(&self, name: &str, browser: &str, way: &'static str, now: Moment) -> Found {
        let seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let browser = Fingerprint::of(browser.as_bytes());
        let seat = seats.get(&Fingerprint::of(name.as_bytes())).filter(|seat| {
            seat.browser == browser && seat.way == way && now < seat.began_at + LIVES_FOR
        });
        match seat.map(|seat| Arc::clone(&seat.attempt).try_lock_owned()) {
            Some(Ok(attempt)) => Found::Here(attempt),
            Some(Err(_)) => Found::Busy,
            None => Found::Gone,
        }
    }

    /// Forgets what is over, and what its adapter remembered with it.
    pub(super) fn sweep(&self, now: Moment) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.retain(|_, seat| now < seat.began_at + LIVES_FOR);
    }

    pub(super) fn forget(&self, name: &str) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.remove(&Fingerprint::of(name.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn attempt() -> Attempt {
        Attempt {
            prompt: Prompt::default(),
            held: None,
            tries: 0,
        }
    }

    #[test]
    fn an_attempt_is_its_own_browsers_for_ten_minutes() {
        let attempts = Attempts::default();
        attempts.keep("name", ("browser", "erp"), attempt(), START);
        let find = |name, browser, way, after: u64| {
            let now = START + Duration::from_secs(after);
            matches!(attempts.find(name, browser, way, now), Found::Here(_))
        };
        assert!(find("name", "browser", "erp", 599));
        assert!(!find("name", "another", "erp", 0));
        assert!(!find("name", "browser", "jiit", 0));
        assert!(!find("guess", "browser", "erp", 0));
        assert!(!find("name", "browser", "erp", 600));
    }

    #[test]
    fn who_asks_while_it_is_judged_is_told_to_wait() {
        let attempts = Attempts::default();
        attempts.keep("name", ("browser", "erp"), attempt(), START);
        let held = attempts.find("name", "browser", "erp", START);
        assert!(matches!(
            attempts.find("name", "browser", "erp", START),
            Found::Busy
        ));
        drop(held);
        attempts.forget("name");
        assert!(matches!(
            attempts.find("name", "browser", "erp", START),
            Found::Gone
        ));
    }

    #[test]
    fn a_flood_pushes_out_the_oldest() {
        let attempts = Attempts::default();
        for number in 0..=CAPACITY {
            let now = START + Duration::from_millis(number as u64);
            attempts.keep(&number.to_string(), ("browser", "erp"), attempt(), now);
        }
        let find = |name| attempts.find(name, "browser", "erp", START);
        assert!(matches!(find("0"), Found::Gone));
        assert!(matches!(find("1"), Found::Here(_)));
    }
}
