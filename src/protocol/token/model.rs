//! Clients, codes and token pairs as the decisions take them.

use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, FamilyId, GrantId, PairId, PersonId, SecretId};
use crate::platform::secret::Secret;
use crate::protocol::app_tokens::AppScope;
use crate::protocol::oauth::Challenge;
use crate::protocol::scope::GrantedAccess;

/// A registered client with what it may prove itself with.
#[derive(Debug, Clone)]
pub(super) struct RegisteredClient {
    pub app: AppId,
    pub client_id: String,
    pub is_public: bool,
    pub is_suspended: bool,
    pub redirect_uris: Vec<String>,
    pub origins: Vec<String>,
    /// What the app may do for itself.
    pub app_scopes: Vec<AppScope>,
    pub secrets: Vec<StoredClientSecret>,
}

#[derive(Debug, Clone)]
pub(super) struct StoredClientSecret {
    pub id: SecretId,
    pub token_hash: Vec<u8>,
}

/// The client of this request, authenticated, or public and identified (RFC 6749 §3.2.1).
#[derive(Debug, Clone)]
pub(super) struct AuthenticatedClient {
    pub app: AppId,
    pub client_id: String,
    pub is_public: bool,
    /// The first one registered, for requests that name none.
    pub default_redirect_uri: String,
    pub origins: Vec<String>,
    /// What the app may do for itself.
    pub app_scopes: Vec<AppScope>,
    /// The secret it authenticated with.
    pub secret: Option<SecretId>,
}

/// The login that a code or a token pair belongs to.
#[derive(Debug, Clone)]
pub(super) struct TokenContext {
    pub app: AppId,
    pub client_id: String,
    pub person: PersonId,
    pub grant: GrantId,
    pub family: FamilyId,
    pub family_began_at: Timestamp,
    /// Whether the family is in the view `live_token_families`.
    pub is_live: bool,
    /// What was granted when the login began and is still granted.
    pub access: GrantedAccess,
}

#[derive(Debug, Clone)]
pub(super) struct CodeFacts {
    pub context: TokenContext,
    pub redirect_uri: String,
    pub challenge: Option<Challenge>,
    pub issued_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(super) struct PairFacts {
    pub context: TokenContext,
    pub id: PairId,
    pub issued_at: Timestamp,
    pub end: PairEnd,
}

/// How a token pair ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairEnd {
    Live,
    /// Its refresh token was used.
    Rotated {
        at: Timestamp,
        successor: PairId,
        successor_is_unused: bool,
    },
    /// The response that carried it was lost; another pair took its place.
    Replaced,
    Revoked,
}

/// A new token pair in clear. Only its hashes are stored.
#[derive(Debug)]
pub(super) struct TokenPair {
    pub id: PairId,
    pub access_token: Secret,
    pub refresh_token: Secret,
}

/// A new token of an app itself, in clear.
#[derive(Debug)]
pub(super) struct IssuedAppToken {
    pub access_token: Secret,
    pub scope: AppScope,
}

/// A new token pair with the access that it gives.
#[derive(Debug)]
pub(super) struct IssuedTokens {
    pub pair: TokenPair,
    pub access: GrantedAccess,
}
