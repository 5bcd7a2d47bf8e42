//! What is known of clients, codes and pairs when a rule is asked.

use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, FamilyId, GrantId, PairId, PersonId, SecretId};
use crate::platform::secret::Secret;
use crate::protocol::oauth::Challenge;
use crate::protocol::scope::GrantedAccess;

/// An app as the token endpoint sees it.
#[derive(Debug, Clone)]
pub(super) struct TokenClient {
    pub app: AppId,
    pub client_id: String,
    pub is_public: bool,
    pub is_suspended: bool,
    pub redirect_uris: Vec<String>,
    pub origins: Vec<String>,
    pub secrets: Vec<StoredClientSecret>,
    /// The secret it proved itself with.
    pub proved_with: Option<SecretId>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredClientSecret {
    pub id: SecretId,
    pub token_hash: Vec<u8>,
}

/// Whose a code or pair is, and whether that still stands.
#[derive(Debug, Clone)]
pub(super) struct TokenContext {
    pub app: AppId,
    pub client_id: String,
    pub person: PersonId,
    pub grant: GrantId,
    pub family: FamilyId,
    pub family_began_at: Timestamp,
    /// Grant and family live, the person not suspended.
    pub stands: bool,
    /// What was agreed at the sign-in and is still allowed.
    pub share: GrantedAccess,
}

#[derive(Debug, Clone)]
pub(super) struct CodeFacts {
    pub lineage: TokenContext,
    pub redirect_uri: String,
    pub challenge: Option<Challenge>,
    pub issued_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct PairFacts {
    pub lineage: TokenContext,
    pub id: PairId,
    pub issued_at: Timestamp,
    pub end: PairEnd,
}

/// How a pair ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairEnd {
    Live,
    /// Its refresh token was traded.
    Rotated {
        at: Timestamp,
        successor: PairId,
        successor_is_untouched: bool,
    },
    /// The answer that carried it was lost; another pair took its place.
    Replaced,
    Revoked,
}

/// A pair fresh from the mint, in clear for the last time.
#[derive(Debug)]
pub(super) struct TokenPair {
    pub id: PairId,
    pub access: Secret,
    pub refresh: Secret,
}

/// What a client is given.
#[derive(Debug)]
pub(super) struct IssuedTokens {
    pub minted: TokenPair,
    pub share: GrantedAccess,
}
