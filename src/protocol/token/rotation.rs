//! Rotation of refresh tokens, and what a spent one means (RFC 9700 §4.14.2).
//!
//! Decision: a refresh is idempotent. Two workers of one app refresh at the same moment, and responses are
//! lost; neither may end a login. So the tokens of a successor are not random but derived from the presented
//! refresh token, and a repeated request gets the same pair although only hashes are stored, instead of
//! another pair, or of a replay.
//!
//! ```text
//! a refresh token is presented by its own client
//! ├─ it was never rotated ───────────────────────────────────────▶ rotate it
//! ├─ rotated, and its successor is unused (however long ago) ────▶ the newest pair of the line, again
//! ├─ rotated within the grace period ────────────────────────────▶ the newest pair of the line, again
//! └─ otherwise, or if there is no grace period ──────────────────▶ replay: the family ends
//! ```
//!
//! A thief gains nothing from a repeated response: it holds what the client holds, and the first of the two
//! that refreshes later makes the other's token a replay.

use super::model::{IssuedTokens, PairFacts, TokenPair};
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::id::PairId;
use crate::platform::secret::{Secret, ServerKey};

/// The key from which successors are derived.
#[derive(Debug, Clone)]
pub struct RotationKey(ServerKey);

impl RotationKey {
    pub fn derive(master: &ServerKey) -> Self {
        Self(master.derive("refresh token rotation"))
    }

    /// The tokens of a pair that takes the place of a refresh token.
    pub(super) fn derive_successor(&self, refresh_token: &Secret, id: PairId) -> TokenPair {
        let token = |kind: &[u8]| {
            let parts = [kind, refresh_token.expose().as_bytes(), id.0.as_bytes()];
            self.0.derive_secret(&parts)
        };
        TokenPair {
            id,
            access_token: token(b"access token"),
            refresh_token: token(b"refresh token"),
        }
    }
}

/// Whether a presented token of this pair is held by two parties.
pub(super) fn is_replayed(pair: &PairFacts, lifetimes: &Lifetimes, now: Timestamp) -> bool {
    let Some(rotated_at) = pair.rotated_at else {
        return false;
    };
    let grace = lifetimes.refresh_grace;
    let is_in_grace = now - rotated_at <= grace;
    let successor = pair.successors.first();
    let is_used = successor.is_none_or(|successor| successor.is_used);
    grace.is_zero() || (is_used && !is_in_grace)
}

/// Derives the newest pair of the line from a refresh token that was rotated. None if the line goes on
/// beyond the successors that were read, or if the server's key has changed since.
pub(super) fn find_newest(
    key: &RotationKey,
    refresh_token: &Secret,
    pair: &PairFacts,
) -> Option<IssuedTokens> {
    let newest = pair.successors.last()?;
    let tokens = pair.successors.iter().fold(None, |tokens, successor| {
        let previous = tokens
            .as_ref()
            .map(|tokens: &TokenPair| &tokens.refresh_token);
        Some(key.derive_successor(previous.unwrap_or(refresh_token), successor.id))
    })?;
    let is_stored = tokens
        .refresh_token
        .hash()
        .matches(&newest.refresh_token_hash);
    (is_stored && newest.rotated_at.is_none()).then_some(IssuedTokens {
        pair: tokens,
        issued_at: newest.issued_at,
        access: newest.access,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::protocol::scope::{GrantedAccess, ScopeSet};
    use crate::protocol::token::grant_types::samples::{START, after, login};
    use crate::protocol::token::model::Successor;

    fn key(byte: u8) -> RotationKey {
        RotationKey::derive(&ServerKey::master([byte; 32]))
    }

    /// A pair whose line goes on with these many pairs, one rotated each second.
    fn line(key: &RotationKey, refresh_token: &Secret, length: u8) -> PairFacts {
        let mut token = refresh_token.clone();
        let successors = (1..=length).map(|number| {
            let id = PairId(Uuid::from_u128(u128::from(number)));
            let tokens = key.derive_successor(&token, id);
            token = tokens.refresh_token.clone();
            Successor {
                id,
                issued_at: after(u64::from(number)),
                is_used: number < length,
                rotated_at: (number < length).then(|| after(u64::from(number) + 1)),
                refresh_token_hash: tokens.refresh_token.hash().to_vec(),
                access: GrantedAccess::whole(ScopeSet::parse("basic").unwrap()),
            }
        });
        PairFacts {
            context: login("basic"),
            family_was_revoked: false,
            id: PairId(Uuid::nil()),
            issued_at: START,
            rotated_at: Some(after(1)),
            successors: successors.collect(),
        }
    }

    #[test]
    fn the_same_request_has_the_same_successor_and_another_key_or_pair_another() {
        let (token, id) = (Secret::new("token"), PairId(Uuid::nil()));
        let pair = key(1).derive_successor(&token, id);
        let same = key(1).derive_successor(&token, id);
        assert_eq!(pair.access_token.expose(), same.access_token.expose());
        assert_eq!(pair.refresh_token.expose(), same.refresh_token.expose());
        assert_ne!(pair.access_token.expose(), pair.refresh_token.expose());
        for other in [
            key(2).derive_successor(&token, id),
            key(1).derive_successor(&token, PairId(Uuid::from_u128(1))),
            key(1).derive_successor(&Secret::new("other"), id),
        ] {
            assert_ne!(pair.refresh_token.expose(), other.refresh_token.expose());
        }
    }

    #[test]
    fn the_newest_pair_of_a_line_is_derived_step_by_step() {
        let token = Secret::new("token");
        let line = line(&key(1), &token, 3);
        let newest = find_newest(&key(1), &token, &line).unwrap();
        assert_eq!(newest.pair.id, PairId(Uuid::from_u128(3)));
        assert_eq!(newest.issued_at, after(3));
        assert!(find_newest(&key(2), &token, &line).is_none());
        assert!(find_newest(&key(1), &Secret::new("other"), &line).is_none());
    }

    #[test]
    fn a_line_that_goes_on_beyond_what_was_read_has_no_newest_pair() {
        let token = Secret::new("token");
        let mut line = line(&key(1), &token, 3);
        line.successors.pop();
        assert!(find_newest(&key(1), &token, &line).is_none());
        line.successors.clear();
        assert!(find_newest(&key(1), &token, &line).is_none());
    }
}
