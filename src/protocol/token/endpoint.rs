//! `POST /oauth/token/`, the token endpoint (RFC 6749 §3.2).

use axum::Json;
use axum::extract::{FromRef, Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::client_authentication::{ClientAuthLimiter, authenticate_client};
use super::generate::generate_token_pair;
use super::grant_types::{
    ClientCredentialsRequest, DecisionContext, GrantTypeHandler, GrantTypeRequest,
    client_credentials,
};
use super::model::{AuthenticatedClient, IssuedAppToken, IssuedTokens};
use super::refusal::{Refusal, RequestError, RequestErrorKind, allow_origins};
use super::replay;
use super::request::TokenRequest;
use super::rotation::RotationKey;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::config::Lifetimes;
use crate::platform::db::{Connection, Db};
use crate::platform::id::AppId;
use crate::platform::rate_limits::{RateLimiter, table};
use crate::platform::rng::SharedRng;
use crate::platform::web::{ClientAddress, OAuthErrorResponse, Web, set_no_store};
use crate::platform::{audit, db};
use crate::protocol::oauth::ClientCredentials;
use crate::protocol::problems::{OAuthEndpoint, ProblemLog};

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub lifetimes: Lifetimes,
    pub rotation_key: RotationKey,
    pub problems: ProblemLog,
    pub state: TokenEndpointState,
}

/// What this process keeps between requests.
#[derive(Debug, Clone)]
pub struct TokenEndpointState {
    client_auth: ClientAuthLimiter,
    /// Limits the audit entries about codes of other apps, so that one app cannot fill the audit log.
    foreign_codes: RateLimiter<AppId>,
}

impl TokenEndpointState {
    pub fn new(clock: &SharedClock) -> Self {
        Self {
            client_auth: ClientAuthLimiter::new(clock),
            foreign_codes: RateLimiter::new(table::FOREIGN_CODE_AUDIT, clock),
        }
    }
}

pub(super) async fn token(
    State(endpoint): State<Feature>,
    address: ClientAddress,
    request: Request,
) -> Response {
    let now = endpoint.clock.now();
    match endpoint.answer(request, address, now).await {
        Ok(response) => response,
        Err(error) => endpoint.refuse(OAuthEndpoint::Token, error, now).await,
    }
}

impl Feature {
    async fn answer(
        &self,
        request: Request,
        address: ClientAddress,
        now: Timestamp,
    ) -> Result<Response, RequestError> {
        // 1. Parse the credentials and the parameters of the grant type.
        let request = TokenRequest::read(request).await?;
        // 2. Authenticate the client.
        let credentials = &request.credentials;
        let client = self.authenticate(credentials, address).await?;
        // 3. Find the grant type's handler; with it, 4. decide and 5. keep.
        let lifetimes = &self.lifetimes;
        let response = match &request.grant {
            GrantTypeRequest::AuthorizationCode(code) => {
                let issued = self.issue(code, &client, now).await;
                issued.map(|issued| render_tokens(&issued, lifetimes, now))
            }
            GrantTypeRequest::RefreshToken(token) => {
                let issued = self.issue(token, &client, now).await;
                issued.map(|issued| render_tokens(&issued, lifetimes, now))
            }
            GrantTypeRequest::ClientCredentials(request) => {
                let issued = self.issue_app_token(request, &client, now).await;
                issued.map(|issued| render_app_token(&issued, lifetimes))
            }
        };
        // 6. Answer.
        let response = response.map_err(|error| error.of_app(client.app, &client.origins))?;
        Ok(allow_origins(response, client.origins))
    }

    pub(super) async fn authenticate(
        &self,
        credentials: &ClientCredentials,
        address: ClientAddress,
    ) -> Result<AuthenticatedClient, RequestError> {
        let limiter = &self.state.client_auth;
        authenticate_client(self.db.pool(), credentials, limiter, address).await
    }

    /// Decision: no transaction in the common case. Only if another request was faster, the code or token is
    /// locked, and everything is done once more with what is there then.
    async fn issue<G: GrantTypeHandler>(
        &self,
        grant: &G,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<IssuedTokens, RequestError> {
        let mut connection = self.db.connection().await?;
        let issued = self.try_to_issue(&mut connection, grant, client, now);
        if let Some(issued) = issued.await? {
            return Ok(issued);
        }
        drop(connection);
        let mut tx = self.db.begin().await?;
        grant.lock(&mut tx).await?;
        let issued = self.try_to_issue(&mut tx, grant, client, now);
        let issued = issued.await?;
        tx.commit().await.map_err(db::Error::from)?;
        issued.ok_or_else(|| grant.conflict_refusal().into())
    }

    /// None if another request was faster.
    async fn try_to_issue<G: GrantTypeHandler>(
        &self,
        connection: &mut Connection,
        grant: &G,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<Option<IssuedTokens>, RequestError> {
        let pair = generate_token_pair(now, self.rng.as_ref());
        let context = DecisionContext {
            client,
            tokens: &pair,
            rotation_key: &self.rotation_key,
            lifetimes: &self.lifetimes,
            now,
        };
        let facts = grant.load(connection, context).await?;
        let issue = grant.decide(facts.as_ref(), context)?;
        let is_saved = grant.save(connection, &issue, context).await?;
        Ok(is_saved.then_some(issue.issued))
    }

    async fn issue_app_token(
        &self,
        request: &ClientCredentialsRequest,
        client: &AuthenticatedClient,
        now: Timestamp,
    ) -> Result<IssuedAppToken, RequestError> {
        let scope = request.decide(client)?;
        let (db, rng) = (self.db.pool(), self.rng.as_ref());
        let issued = client_credentials::save(db, client, scope, &self.lifetimes, now, rng).await?;
        issued.ok_or_else(|| Refusal::ClientCredentialsNotAllowed.into())
    }

    /// Reports a refusal, does what follows from it, and answers the client.
    pub(super) async fn refuse(
        &self,
        endpoint: OAuthEndpoint,
        error: RequestError,
        now: Timestamp,
    ) -> Response {
        let RequestError { kind, app, origins } = error;
        let response = match kind {
            RequestErrorKind::Database(error) => error.into(),
            RequestErrorKind::Refused(refusal) => {
                self.problems.record(endpoint, refusal.cause(), app, now);
                match self.handle_abuse(&refusal, app, now).await {
                    Ok(()) => OAuthErrorResponse::from(refusal),
                    Err(error) => error.into(),
                }
            }
        };
        allow_origins(response, origins)
    }

    async fn handle_abuse(
        &self,
        refusal: &Refusal,
        app: Option<AppId>,
        now: Timestamp,
    ) -> db::Result<()> {
        let rng = self.rng.as_ref();
        match *refusal {
            Refusal::CodeReplayed(family) => {
                let mut tx = self.db.begin().await?;
                replay::revoke_family_of_code(&mut tx, family, now, rng).await?;
                tx.commit().await?;
            }
            Refusal::RefreshTokenReplayed(family) => {
                let mut tx = self.db.begin().await?;
                replay::revoke_family_of_refresh_token(&mut tx, family, now, rng).await?;
                tx.commit().await?;
            }
            Refusal::CodeOfAnotherClient { owner } => {
                let Some(app) = app else { return Ok(()) };
                if self.state.foreign_codes.take(app).is_ok() {
                    let entry = AuditEntry::of("code.of_another_client").on_app(app);
                    let entry = entry.with(json!({ "of": owner }));
                    audit::record(self.db.pool(), entry, now, rng).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// RFC 6749 §4.4.3: no refresh token, since the client has its credentials.
fn render_app_token(issued: &IssuedAppToken, lifetimes: &Lifetimes) -> Response {
    let mut response = Json(json!({
        "access_token": issued.access_token.expose(),
        "token_type": "Bearer",
        "expires_in": lifetimes.access_token.as_secs(),
        "scope": issued.scope.name(),
    }))
    .into_response();
    set_no_store(&mut response);
    response
}

/// RFC 6749 §5.1, always with all members, and the fields that the person allowed.
fn render_tokens(issued: &IssuedTokens, lifetimes: &Lifetimes, now: Timestamp) -> Response {
    let age = u64::try_from((now - issued.issued_at).whole_seconds()).unwrap_or_default();
    let expires_in = lifetimes.access_token.as_secs().saturating_sub(age);
    let mut response = Json(json!({
        "access_token": issued.pair.access_token.expose(),
        "token_type": "Bearer",
        "expires_in": expires_in,
        "refresh_token": issued.pair.refresh_token.expose(),
        "scope": issued.access.scopes().to_string(),
        "fields": issued.access.fields().names(),
    }))
    .into_response();
    set_no_store(&mut response);
    response
}
