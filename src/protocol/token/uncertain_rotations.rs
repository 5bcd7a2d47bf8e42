//! Rotations whose outcome is uncertain because the database failed on the way: the statement may have been
//! committed, the client was asked to try again, and by then the usual grace for a lost response may be over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::secret::TokenHash;

/// How long an outage may last without making replays of its refreshes.
const REMEMBERED: Duration = Duration::from_mins(15);
/// More responses than this are never under way at once.
const CAPACITY: usize = 10_000;

/// Refresh tokens whose last response is uncertain. In memory: no other process has sent the statement.
#[derive(Debug, Clone, Default)]
pub(super) struct UncertainRotations(Arc<Mutex<HashMap<TokenHash, Timestamp>>>);

impl UncertainRotations {
    /// The response to this refresh token may have been lost.
    pub(super) fn note(&self, token: TokenHash, now: Timestamp) {
        let mut uncertain = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uncertain.retain(|_, since| now - *since < REMEMBERED);
        if uncertain.len() < CAPACITY {
            uncertain.insert(token, now);
        }
    }

    /// The lifetimes for this token: with more grace where its response is uncertain. A server
    /// without grace gives none here.
    pub(super) fn lifetimes(
        &self,
        token: TokenHash,
        usual: &Lifetimes,
        now: Timestamp,
    ) -> Lifetimes {
        let uncertain = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = uncertain
            .get(&token)
            .filter(|since| now - **since < REMEMBERED);
        match since {
            Some(_) if !usual.refresh_grace.is_zero() => Lifetimes {
                refresh_grace: REMEMBERED.max(usual.refresh_grace),
                ..*usual
            },
            _ => *usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn usual(grace: u64) -> Lifetimes {
        Lifetimes {
            access_token: Duration::from_hours(10),
            code: Duration::from_mins(1),
            refresh_grace: Duration::from_secs(grace),
            refresh_token: Duration::from_hours(90 * 24),
            family: Duration::from_hours(365 * 24),
        }
    }

    #[test]
    fn grace_is_longer_for_a_token_whose_response_is_uncertain_and_for_no_other() {
        let (uncertain, lost, other) = (
            UncertainRotations::default(),
            TokenHash::of(b"a"),
            TokenHash::of(b"b"),
        );
        uncertain.note(lost, START);
        let grace =
            |token, grace, now| uncertain.lifetimes(token, &usual(grace), now).refresh_grace;
        let later = START + Duration::from_mins(5);
        assert_eq!(grace(lost, 10, later), REMEMBERED);
        assert_eq!(grace(other, 10, later), Duration::from_secs(10));
        assert_eq!(grace(lost, 0, later), Duration::ZERO);
        assert_eq!(grace(lost, 10, START + REMEMBERED), Duration::from_secs(10));
    }
}
