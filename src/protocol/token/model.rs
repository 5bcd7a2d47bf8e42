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
    /// The client has revoked the family (RFC 7009).
    pub family_was_revoked: bool,
    pub id: PairId,
    pub issued_at: Timestamp,
    /// When its refresh token was used.
    pub rotated_at: Option<Timestamp>,
    /// If it was rotated: the pair that took its place, and while those were rotated within the grace period,
    /// the ones after it.
    pub successors: Vec<Successor>,
}

/// A later pair of the same line.
#[derive(Debug, Clone)]
pub(super) struct Successor {
    pub id: PairId,
    pub issued_at: Timestamp,
    /// Its access token or its refresh token was presented.
    pub is_used: bool,
    pub rotated_at: Option<Timestamp>,
    pub refresh_token_hash: Vec<u8>,
    pub access: GrantedAccess,
}

/// A token pair in clear. Only its hashes are stored.
#[derive(Debug, Clone)]
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

/// A token pair with the access that it gives.
#[derive(Debug)]
pub(super) struct IssuedTokens {
    pub pair: TokenPair,
    pub access: GrantedAccess,
    pub issued_at: Timestamp,
}
