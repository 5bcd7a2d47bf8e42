//! Half-finished sign-ins, in memory on purpose: bounded, one lock each, ten minutes at most. What an
//! adapter remembers in one is wiped when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use crate::connectors::{ConnectorState, Prompt};
use crate::platform::clock::Timestamp;
use crate::platform::secret::TokenHash;

/// How long a sign-in may take from its first form to its last.
const LIVES_FOR: Duration = Duration::from_mins(10);
/// At once. Above it the oldest make room.
const CAPACITY: usize = 4_096;

/// One of them.
#[derive(Debug)]
pub(super) struct LoginAttempt {
    pub prompt: Prompt,
    /// `None` while the adapter has it.
    pub held: Option<ConnectorState>,
    pub tries: u32,
}

/// What is known without the lock.
#[derive(Debug)]
struct AttemptSlot {
    /// The browser that began it, and no other may go on.
    browser: TokenHash,
    way: &'static str,
    began_at: Timestamp,
    attempt: Arc<Lock<LoginAttempt>>,
}

/// All of them, by the name their page carries. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct LoginAttempts(Arc<Mutex<HashMap<TokenHash, AttemptSlot>>>);

/// What came of asking for one.
#[derive(Debug)]
pub(super) enum AttemptLookup {
    /// It is yours until you drop it.
    Here(OwnedMutexGuard<LoginAttempt>),
    /// Its last answer is still being judged.
    Busy,
    /// Over, unknown, or another browser's or process'.
    Gone,
}

impl LoginAttempts {
    /// Keeps one under `name`, which is a secret of the page that shows it.
    pub(super) fn keep(
        &self,
        name: &str,
        (browser, way): (&str, &'static str),
        attempt: LoginAttempt,
        now: Timestamp,
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
            TokenHash::of(name.as_bytes()),
            AttemptSlot {
                browser: TokenHash::of(browser.as_bytes()),
                way,
                began_at: now,
                attempt: Arc::new(Lock::new(attempt)),
            },
        );
    }

    pub(super) fn find(
        &self,
        name: &str,
        browser: &str,
        way: &'static str,
        now: Timestamp,
    ) -> AttemptLookup {
        let seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let browser = TokenHash::of(browser.as_bytes());
        let seat = seats.get(&TokenHash::of(name.as_bytes())).filter(|seat| {
            seat.browser == browser && seat.way == way && now < seat.began_at + LIVES_FOR
        });
        match seat.map(|seat| Arc::clone(&seat.attempt).try_lock_owned()) {
            Some(Ok(attempt)) => AttemptLookup::Here(attempt),
            Some(Err(_)) => AttemptLookup::Busy,
            None => AttemptLookup::Gone,
        }
    }

    /// Forgets what is over, and what its adapter remembered with it.
    pub(super) fn sweep(&self, now: Timestamp) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.retain(|_, seat| now < seat.began_at + LIVES_FOR);
    }

    pub(super) fn forget(&self, name: &str) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.remove(&TokenHash::of(name.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn attempt() -> LoginAttempt {
        LoginAttempt {
            prompt: Prompt::default(),
            held: None,
            tries: 0,
        }
    }

    #[test]
    fn an_attempt_is_its_own_browsers_for_ten_minutes() {
        let attempts = LoginAttempts::default();
        attempts.keep("name", ("browser", "erp"), attempt(), START);
        let find = |name, browser, way, after: u64| {
            let now = START + Duration::from_secs(after);
            matches!(
                attempts.find(name, browser, way, now),
                AttemptLookup::Here(_)
            )
        };
        assert!(find("name", "browser", "erp", 599));
        assert!(!find("name", "another", "erp", 0));
        assert!(!find("name", "browser", "jiit", 0));
        assert!(!find("guess", "browser", "erp", 0));
        assert!(!find("name", "browser", "erp", 600));
    }

    #[test]
    fn who_asks_while_it_is_judged_is_told_to_wait() {
        let attempts = LoginAttempts::default();
        attempts.keep("name", ("browser", "erp"), attempt(), START);
        let held = attempts.find("name", "browser", "erp", START);
        assert!(matches!(
            attempts.find("name", "browser", "erp", START),
            AttemptLookup::Busy
        ));
        drop(held);
        attempts.forget("name");
        assert!(matches!(
            attempts.find("name", "browser", "erp", START),
            AttemptLookup::Gone
        ));
    }

    #[test]
    fn a_flood_pushes_out_the_oldest() {
        let attempts = LoginAttempts::default();
        for number in 0..=CAPACITY {
            let now = START + Duration::from_millis(number as u64);
            attempts.keep(&number.to_string(), ("browser", "erp"), attempt(), now);
        }
        let find = |name| attempts.find(name, "browser", "erp", START);
        assert!(matches!(find("0"), AttemptLookup::Gone));
        assert!(matches!(find("1"), AttemptLookup::Here(_)));
    }
}
