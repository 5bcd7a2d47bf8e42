//! The grant types of the token endpoint, one file each: `parse` reads the form, `load` finds the facts in
//! one statement, `decide` is pure, `save` stores the outcome in one statement.

mod authorization_code;
pub(super) mod client_credentials;
mod refresh_token;

pub(super) use authorization_code::AuthorizationCodeRequest;
pub(super) use client_credentials::ClientCredentialsRequest;
pub(super) use refresh_token::RefreshTokenRequest;

use super::model::{AuthenticatedClient, IssuedTokens, TokenPair};
use super::refusal::Refusal;
use super::rotation::RotationKey;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db;
use crate::platform::db::Connection;

/// A parsed token request, by grant type.
#[derive(Debug)]
pub(super) enum GrantTypeRequest {
    AuthorizationCode(AuthorizationCodeRequest),
    ClientCredentials(ClientCredentialsRequest),
    RefreshToken(RefreshTokenRequest),
}

/// What every decision takes besides its facts.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecisionContext<'a> {
    pub client: &'a AuthenticatedClient,
    /// New random tokens.
    pub tokens: &'a TokenPair,
    pub rotation_key: &'a RotationKey,
    pub lifetimes: &'a Lifetimes,
    pub now: Timestamp,
}

/// The decision to issue tokens.
#[derive(Debug)]
pub(super) struct TokenIssuance<P> {
    pub issued: IssuedTokens,
    /// What the tokens take the place of.
    pub predecessor: P,
}

/// Steps 4 and 5 of the token endpoint for a grant type that issues a token pair of a person's grant.
pub(super) trait GrantTypeHandler {
    type Facts;
    type Predecessor;

    /// Finds what the decision needs.
    async fn load(
        &self,
        connection: &mut Connection,
        context: DecisionContext<'_>,
    ) -> db::Result<Option<Self::Facts>>;

    /// Whether tokens are issued, and with which access.
    fn decide(
        &self,
        facts: Option<&Self::Facts>,
        context: DecisionContext<'_>,
    ) -> Result<TokenIssuance<Self::Predecessor>, Refusal>;

    /// Stores the new tokens and ends their predecessor. False if another request was faster.
    async fn save(
        &self,
        connection: &mut Connection,
        issue: &TokenIssuance<Self::Predecessor>,
        context: DecisionContext<'_>,
    ) -> db::Result<bool>;

    /// Holds the presented code or token until the transaction ends.
    async fn lock(&self, connection: &mut Connection) -> db::Result<()>;

    /// The refusal when other requests were faster even then.
    fn conflict_refusal(&self) -> Refusal;
}

#[cfg(test)]
pub(super) mod samples {
    use std::time::Duration;

    use time::macros::datetime;
    use uuid::Uuid;

    use crate::platform::clock::Timestamp;
    use crate::platform::config::Lifetimes;
    use crate::platform::id::{AppId, FamilyId, GrantId, PairId, PersonId};
    use crate::platform::secret::{Secret, ServerKey};
    use crate::protocol::scope::{GrantedAccess, ScopeSet};
    use crate::protocol::token::model::{AuthenticatedClient, TokenContext, TokenPair};
    use crate::protocol::token::rotation::RotationKey;

    pub(in crate::protocol::token) const START: Timestamp = datetime!(2026-11-21 12:00 UTC);
    pub(in crate::protocol::token) const APP: AppId = AppId(Uuid::from_u128(1));
    pub(in crate::protocol::token) const OTHER_APP: AppId = AppId(Uuid::from_u128(2));

    pub(in crate::protocol::token) const LIFETIMES: Lifetimes = Lifetimes {
        access_token: Duration::from_hours(10),
        code: Duration::from_mins(1),
        refresh_grace: Duration::from_secs(10),
        refresh_token: Duration::from_hours(90 * 24),
        family: Duration::from_hours(365 * 24),
    };

    pub(in crate::protocol::token) fn after(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    pub(in crate::protocol::token) fn client(
        app: AppId,
        redirect_uri: &str,
    ) -> AuthenticatedClient {
        AuthenticatedClient {
            app,
            client_id: app.to_string(),
            is_public: false,
            default_redirect_uri: redirect_uri.to_owned(),
            origins: Vec::new(),
            app_scopes: Vec::new(),
            secret: None,
        }
    }

    pub(in crate::protocol::token) fn login(scopes: &str) -> TokenContext {
        TokenContext {
            app: APP,
            client_id: APP.to_string(),
            person: PersonId(1),
            grant: GrantId(Uuid::nil()),
            family: FamilyId(Uuid::nil()),
            family_began_at: START,
            is_live: true,
            access: GrantedAccess::whole(ScopeSet::parse(scopes).unwrap()),
        }
    }

    pub(in crate::protocol::token) fn rotation_key() -> RotationKey {
        RotationKey::derive(&ServerKey::master([7; 32]))
    }

    pub(in crate::protocol::token) fn token_pair() -> TokenPair {
        TokenPair {
            id: PairId(Uuid::nil()),
            access_token: Secret::new("access token"),
            refresh_token: Secret::new("refresh token"),
        }
    }
}
