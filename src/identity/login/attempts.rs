//! Unfinished login attempts. They stay in memory, because a connector's state may hold a password: at most
//! [`CAPACITY`] of each kind, ten minutes each, and their state is wiped when they are dropped.
//!
//! An attempt waits either for the answers to a form ([`LoginAttempts`]) or for the browser to come back
//! from an upstream ([`PendingCallbacks`]). The two are kept apart, so that the name of a form can never
//! be used as the `state` parameter of a callback, or the other way round.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

use super::LocalPath;
use super::purpose::LoginPurpose;
use crate::connectors::{ConnectorState, Prompt};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::secret::SecretHash;

/// How long a login may take from its first form to its last, and how long the browser may stay at an
/// upstream.
const LIFETIME: Duration = Duration::from_mins(10);
/// Attempts of one kind at a time. A new one above it replaces the oldest.
const CAPACITY: usize = 4_096;

/// A login attempt that waits for the answers to a form.
#[derive(Debug)]
pub(super) struct LoginAttempt {
    pub prompt: Prompt,
    /// `None` while the connector checks the answers.
    pub state: Option<ConnectorState>,
    pub failed_tries: u32,
    /// The newest credential event when the attempt began.
    pub began: CredentialEpoch,
}

/// A login attempt that waits for the browser to come back from an upstream.
#[derive(Debug)]
pub(super) struct PendingCallback {
    pub state: ConnectorState,
    pub failed_tries: u32,
    /// As in [`LoginAttempt`].
    pub began: CredentialEpoch,
    pub choices: LoginChoices,
}

/// What the person chose before the redirect. It stays here rather than in the callback address, where
/// anyone could change it.
#[derive(Debug, Clone)]
pub(super) struct LoginChoices {
    pub purpose: LoginPurpose,
    pub next: Option<LocalPath>,
    pub remember: bool,
}

/// The browser and the connector of an attempt. No other browser or connector may continue it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptOwner<'a> {
    pub browser: &'a str,
    pub connector: &'static str,
}

/// Forms, by the name in their hidden `attempt` field.
pub(super) type LoginAttempts = AttemptStore<Arc<Lock<LoginAttempt>>>;
/// Redirects, by their `state` parameter.
pub(super) type PendingCallbacks = AttemptStore<PendingCallback>;

/// Attempts by the hash of their unguessable name. Cheap to clone.
#[derive(Debug)]
pub(super) struct AttemptStore<T>(Arc<Mutex<HashMap<SecretHash, AttemptSlot<T>>>>);

#[derive(Debug)]
struct AttemptSlot<T> {
    browser: SecretHash,
    connector: &'static str,
    created_at: Timestamp,
    attempt: T,
}

/// The result of looking for a form's attempt.
#[derive(Debug)]
pub(super) enum AttemptLookup {
    /// Locked for the caller until it is dropped.
    Found(OwnedMutexGuard<LoginAttempt>),
    /// The connector is still checking its last answers.
    Busy,
    /// Finished, expired, unknown, or of another browser or process.
    Gone,
}

impl<T> Clone for AttemptStore<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for AttemptStore<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> AttemptSlot<T> {
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.created_at + LIFETIME
    }

    fn belongs_to(&self, owner: AttemptOwner<'_>) -> bool {
        self.browser == SecretHash::of(owner.browser.as_bytes())
            && self.connector == owner.connector
    }
}

impl<T> AttemptStore<T> {
    /// Keeps an attempt under `name`, which is a secret of the page or the redirect that carries it.
    pub(super) fn insert(&self, name: &str, owner: AttemptOwner<'_>, attempt: T, now: Timestamp) {
        let mut slots = self.slots();
        if slots.len() >= CAPACITY {
            slots.retain(|_, slot| slot.is_live(now));
        }
        if slots.len() >= CAPACITY {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.created_at);
            if let Some(oldest) = oldest.map(|(name, _)| *name) {
                slots.remove(&oldest);
            }
        }
        slots.insert(
            SecretHash::of(name.as_bytes()),
            AttemptSlot {
                browser: SecretHash::of(owner.browser.as_bytes()),
                connector: owner.connector,
                created_at: now,
                attempt,
            },
        );
    }

    pub(super) fn remove(&self, name: &str) {
        self.slots().remove(&SecretHash::of(name.as_bytes()));
    }

    /// Removes what has expired, and wipes its state.
    pub(super) fn sweep(&self, now: Timestamp) {
        self.slots().retain(|_, slot| slot.is_live(now));
    }

    /// Changes every attempt of a browser.
    pub(super) fn update_each(&self, browser: &str, mut change: impl FnMut(&mut T)) {
        let browser = SecretHash::of(browser.as_bytes());
        let mut slots = self.slots();
        for slot in slots.values_mut().filter(|slot| slot.browser == browser) {
            change(&mut slot.attempt);
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<SecretHash, AttemptSlot<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginAttempts {
    pub(super) fn find(
        &self,
        name: &str,
        owner: AttemptOwner<'_>,
        now: Timestamp,
    ) -> AttemptLookup {
        let slots = self.slots();
        let slot = slots
            .get(&SecretHash::of(name.as_bytes()))
            .filter(|slot| slot.belongs_to(owner) && slot.is_live(now));
        match slot.map(|slot| Arc::clone(&slot.attempt).try_lock_owned()) {
            Some(Ok(attempt)) => AttemptLookup::Found(attempt),
            Some(Err(_)) => AttemptLookup::Busy,
            None => AttemptLookup::Gone,
        }
    }
}

impl<T> AttemptStore<T> {
    /// Takes the redirect of a `state` parameter out, so that a callback works once. A callback from
    /// another browser or for another connector takes nothing: it must not end the login of the browser
    /// that began it.
    pub(super) fn take(
        &self,
        state_param: &str,
        owner: AttemptOwner<'_>,
        now: Timestamp,
    ) -> Option<T> {
        let mut slots = self.slots();
        let name = SecretHash::of(state_param.as_bytes());
        if !slots.get(&name)?.belongs_to(owner) {
            return None;
        }
        let slot = slots.remove(&name)?;
        slot.is_live(now).then_some(slot.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);
    const OWNER: AttemptOwner<'_> = owner("browser", "erp");

    const fn owner<'a>(browser: &'a str, connector: &'static str) -> AttemptOwner<'a> {
        AttemptOwner { browser, connector }
    }

    fn attempt() -> Arc<Lock<LoginAttempt>> {
        Arc::new(Lock::new(LoginAttempt {
            prompt: Prompt::default(),
            state: None,
            failed_tries: 0,
            began: CredentialEpoch(0),
        }))
    }

    #[test]
    fn an_attempt_belongs_to_its_browser_for_ten_minutes() {
        let attempts = LoginAttempts::default();
        attempts.insert("name", OWNER, attempt(), START);
        let find = |name, owner, after: u64| {
            let now = START + Duration::from_secs(after);
            matches!(attempts.find(name, owner, now), AttemptLookup::Found(_))
        };
        assert!(find("name", OWNER, 599));
        assert!(!find("name", owner("another", "erp"), 0));
        assert!(!find("name", owner("browser", "jiit"), 0));
        assert!(!find("guess", OWNER, 0));
        assert!(!find("name", OWNER, 600));
    }

    #[test]
    fn an_attempt_is_busy_while_its_answers_are_checked() {
        let attempts = LoginAttempts::default();
        attempts.insert("name", OWNER, attempt(), START);
        let found = attempts.find("name", OWNER, START);
        assert!(matches!(
            attempts.find("name", OWNER, START),
            AttemptLookup::Busy
        ));
        drop(found);
        attempts.remove("name");
        assert!(matches!(
            attempts.find("name", OWNER, START),
            AttemptLookup::Gone
        ));
    }

    #[test]
    fn a_flood_replaces_the_oldest() {
        let attempts = LoginAttempts::default();
        for number in 0..=CAPACITY {
            let now = START + Duration::from_millis(number as u64);
            attempts.insert(&number.to_string(), OWNER, attempt(), now);
        }
        let find = |name| attempts.find(name, OWNER, START);
        assert!(matches!(find("0"), AttemptLookup::Gone));
        assert!(matches!(find("1"), AttemptLookup::Found(_)));
    }

    #[test]
    fn a_callback_works_once_in_its_own_browser_for_ten_minutes() {
        let redirects: AttemptStore<&str> = AttemptStore::default();
        let take = |state_param, owner: AttemptOwner<'_>, after: u64| {
            let now = START + Duration::from_secs(after);
            redirects.take(state_param, owner, now)
        };
        redirects.insert("state", OWNER, "first", START);
        assert_eq!(take("state", owner("another", "erp"), 0), None);
        assert_eq!(take("state", owner("browser", "jiit"), 0), None);
        assert_eq!(take("guess", OWNER, 0), None);
        assert_eq!(take("state", OWNER, 599), Some("first"));
        assert_eq!(take("state", OWNER, 599), None);
        redirects.insert("state", OWNER, "second", START);
        assert_eq!(take("state", OWNER, 600), None);
    }
}
