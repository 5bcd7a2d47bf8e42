//! Answers that may have been lost on the way from the database: the statement may have been kept, the
//! client was told to come back, and when it does, the usual grace for a lost answer may be over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::secret::TokenHash;

/// How long an outage may last whose victims are not taken for thieves.
const REMEMBERED: Duration = Duration::from_mins(15);
/// More answers than this are never under way at once.
const CAPACITY: usize = 10_000;

/// Refresh tokens whose last answer is in doubt. In memory: another process never asked.
#[derive(Debug, Clone, Default)]
pub(super) struct UncertainRotations(Arc<Mutex<HashMap<TokenHash, Timestamp>>>);

impl UncertainRotations {
    /// The answer to this refresh token may have been lost.
    pub(super) fn note(&self, token: TokenHash, now: Timestamp) {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        doubts.retain(|_, since| now - *since < REMEMBERED);
        if doubts.len() < CAPACITY {
            doubts.insert(token, now);
        }
    }

    /// The lifetimes to judge this token by: with more grace where its answer is in doubt. A server
    /// that gives no grace at all gives none here.
    pub(super) fn lifetimes(
        &self,
        token: TokenHash,
        usual: &Lifetimes,
        now: Timestamp,
    ) -> Lifetimes {
        let doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = doubts
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
    fn grace_is_longer_for_a_token_in_doubt_and_for_no_other() {
        let (doubts, lost, other) = (
            UncertainRotations::default(),
            TokenHash::of(b"a"),
            TokenHash::of(b"b"),
        );
        doubts.note(lost, START);
        let grace = |token, grace, now| doubts.lifetimes(token, &usual(grace), now).refresh_grace;
        let later = START + Duration::from_mins(5);
        assert_eq!(grace(lost, 10, later), REMEMBERED);
        assert_eq!(grace(other, 10, later), Duration::from_secs(10));
        assert_eq!(grace(lost, 0, later), Duration::ZERO);
        assert_eq!(grace(lost, 10, START + REMEMBERED), Duration::from_secs(10));
    }
}
