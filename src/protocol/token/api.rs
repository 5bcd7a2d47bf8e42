//! `/oauth/token/` and `/oauth/revoke_token/`.

use std::time::Duration;

use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, middleware};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::client_auth::{ClientAuthLimiter, ClientAuthOutcome};
use super::doubt::UncertainRotations;
use super::model::{IssuedTokens, TokenClient};
use super::replay::Replay;
use super::request::{GrantRequest, RevokeRequest, TokenRequest};
use super::{client_auth, exchange, refresh, replay, revoke, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::config::Lifetimes;
use crate::platform::db::Db;
use crate::platform::id::AppId;
use crate::platform::rng::SharedRng;
use crate::platform::secret::Secret;
use crate::platform::web::{
    AllowedOrigins, ClientAddress, OAuthErrorResponse, RateLimit, RateLimiter, Web,
    allow_registered_origins, set_no_store,
};
use crate::platform::{audit, db};
use crate::protocol::clients;
use crate::protocol::oauth::{ClientCredentials, OAuthError, OAuthErrorCode, oxide};
use crate::protocol::scope::ScopeSet;

const METHODS: &str = "POST, OPTIONS";

/// What the room needs.
#[derive(Debug, Clone, FromRef)]
pub struct Feature {
    pub db: Db,
    pub web: Web,
    pub clock: SharedClock,
    pub rng: SharedRng,
    pub lifetimes: Lifetimes,
    pub memory: TokenEndpointState,
}

/// What this process remembers between requests.
#[derive(Debug, Clone, Default)]
pub struct TokenEndpointState {
    guard: ClientAuthLimiter,
    doubts: UncertainRotations,
    foreign: ForeignCodeNotices,
}

/// Codes of other apps are noted once a minute for each app that presents them, so that nobody fills
/// the audit with one.
#[derive(Debug, Clone)]
struct ForeignCodeNotices(RateLimiter<AppId>);

impl Default for ForeignCodeNotices {
    fn default() -> Self {
        Self(RateLimiter::new(RateLimit::new(1, Duration::from_mins(1))))
    }
}

pub fn routes(feature: Feature) -> Router {
    Router::new()
        .route(
            "/oauth/token",
            post(token).options(preflight).fallback(not_allowed),
        )
        .route(
            "/oauth/revoke_token",
            post(revoke_token).options(preflight).fallback(not_allowed),
        )
        .layer(middleware::from_fn(allow_registered_origins))
        .with_state(feature)
}

async fn token(
    State(it): State<Feature>,
    from: ClientAddress,
    asked: TokenRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = it.clock.now();
    let client = match it.authenticate(&asked.credential, from, now).await? {
        Ok(client) => client,
        Err(refused) => return Ok(refused),
    };
    let issued = match asked.form {
        GrantRequest::Code {
            code,
            redirect_uri,
            verifier,
        } => {
            let presented = exchange::PresentedCode {
                code: &code,
                redirect_uri: redirect_uri.as_deref(),
                verifier: verifier.as_deref(),
            };
            it.exchange(&client, &presented, now).await
        }
        GrantRequest::Refresh { token, scopes } => it.refresh(&client, &token, scopes, now).await,
    };
    Ok(for_app(
        &client,
        match issued {
            Ok(issued) => answer(&issued, &it.lifetimes),
            Err(problem) => problem.into_response(),
        },
    ))
}

async fn revoke_token(
    State(it): State<Feature>,
    from: ClientAddress,
    asked: RevokeRequest,
) -> Result<Response, OAuthErrorResponse> {
    let now = it.clock.now();
    let client = match it.authenticate(&asked.credential, from, now).await? {
        Ok(client) => client,
        Err(refused) => return Ok(refused),
    };
    let mut tx = it.db.begin().await?;
    let lifetimes = &it.lifetimes;
    revoke::revoke(
        &mut tx,
        &client,
        &asked.token,
        lifetimes,
        now,
        it.rng.as_ref(),
    )
    .await?;
    tx.commit().await.map_err(db::Error::from)?;
    let mut answer = StatusCode::OK.into_response();
    set_no_store(&mut answer);
    Ok(for_app(&client, answer))
}

impl Feature {
    /// The client, or the answer to one that did not prove itself.
    async fn authenticate(
        &self,
        credential: &ClientCredentials,
        from: ClientAddress,
        now: Timestamp,
    ) -> db::Result<Result<TokenClient, Response>> {
        let proof =
            client_auth::authenticate(self.db.pool(), credential, &self.memory.guard, from, now)
                .await?;
        Ok(match proof {
            ClientAuthOutcome::Client(client) => Ok(client),
            ClientAuthOutcome::Slowed(slowed) => {
                Err(OAuthErrorResponse::rate_limited(slowed).into_response())
            }
            ClientAuthOutcome::Failed { origins } => {
                let mut answer =
                    OAuthErrorResponse::from(OAuthError::invalid_client()).into_response();
                answer.extensions_mut().insert(AllowedOrigins(origins));
                Err(answer)
            }
        })
    }

    async fn exchange(
        &self,
        client: &TokenClient,
        presented: &exchange::PresentedCode<'_>,
        now: Timestamp,
    ) -> Result<IssuedTokens, OAuthErrorResponse> {
        let mut connection = self.db.connection().await?;
        let rng = self.rng.as_ref();
        let outcome = exchange::exchange(
            &mut connection,
            client,
            presented,
            &self.lifetimes,
            now,
            rng,
        );
        let outcome = outcome.await?;
        drop(connection);
        match outcome {
            exchange::ExchangeOutcome::Issued(issued) => Ok(issued),
            exchange::ExchangeOutcome::Refused(error) => Err(error.into()),
            exchange::ExchangeOutcome::Foreign(owner) => {
                if self.memory.foreign.0.take(client.app, now).is_ok() {
                    let entry = AuditEntry::of("code.foreign").on_app(client.app);
                    let entry = entry.with(json!({ "of": owner }));
                    audit::record(self.db.pool(), entry, now, rng).await?;
                }
                Err(oxide::not_this_code().into())
            }
            exchange::ExchangeOutcome::Replayed(replay) => {
                self.end_family(replay, now).await?;
                Err(oxide::not_this_code().into())
            }
        }
    }

    async fn refresh(
        &self,
        client: &TokenClient,
        token: &Secret,
        scopes: Option<ScopeSet>,
        now: Timestamp,
    ) -> Result<IssuedTokens, OAuthErrorResponse> {
        let outcome = self.try_to_refresh(client, token, scopes, now).await;
        if outcome.as_ref().is_err_and(db::Error::is_transient) {
            self.memory.doubts.note(token.token_hash(), now);
        }
        match outcome? {
            refresh::RefreshOutcome::Issued(issued) => Ok(issued),
            refresh::RefreshOutcome::Refused(error) => Err(error.into()),
            refresh::RefreshOutcome::Replayed(replay) => {
                self.end_family(replay, now).await?;
                Err(oxide::not_this_token().into())
            }
            // With the pair held, only the use of its successor can have come between.
            refresh::RefreshOutcome::Overtaken => Err(oxide::not_this_token().into()),
        }
    }

    /// Looks and rotates; where somebody came between, once more with the pair held.
    async fn try_to_refresh(
        &self,
        client: &TokenClient,
        token: &Secret,
        scopes: Option<ScopeSet>,
        now: Timestamp,
    ) -> db::Result<refresh::RefreshOutcome> {
        let rng = self.rng.as_ref();
        let token_hash = token.token_hash();
        let lifetimes = &self
            .memory
            .doubts
            .lifetimes(token_hash, &self.lifetimes, now);
        let mut connection = self.db.connection().await?;
        let outcome =
            refresh::refresh(&mut connection, client, token, scopes, lifetimes, now, rng).await?;
        let refresh::RefreshOutcome::Overtaken = outcome else {
            return Ok(outcome);
        };
        drop(connection);
        let mut tx = self.db.begin().await?;
        store::lock_pair(&mut *tx, token_hash).await?;
        let outcome = refresh::refresh(&mut tx, client, token, scopes, lifetimes, now, rng).await?;
        tx.commit().await?;
        Ok(outcome)
    }

    async fn end_family(&self, replay: Replay, now: Timestamp) -> db::Result<()> {
        let mut tx = self.db.begin().await?;
        replay::end_family(&mut tx, replay, now, self.rng.as_ref()).await?;
        Ok(tx.commit().await?)
    }
}

/// RFC 6749 §5.1, always with all members, and the fields the person allowed.
fn answer(issued: &IssuedTokens, lifetimes: &Lifetimes) -> Response {
    let mut answer = Json(json!({
        "access_token": issued.minted.access.expose(),
        "token_type": "Bearer",
        "expires_in": lifetimes.access_token.as_secs(),
        "refresh_token": issued.minted.refresh.expose(),
        "scope": issued.share.scopes().to_string(),
        "fields": issued.share.fields().names(),
    }))
    .into_response();
    set_no_store(&mut answer);
    answer
}

fn for_app(client: &TokenClient, mut answer: Response) -> Response {
    answer
        .extensions_mut()
        .insert(AllowedOrigins(client.origins.clone()));
    answer
}

async fn preflight(
    State(it): State<Feature>,
    asked: HeaderMap,
) -> Result<Response, OAuthErrorResponse> {
    Ok(clients::preflight(&it.db, &asked, METHODS).await?)
}

async fn not_allowed() -> Response {
    let description = "This address takes POST only.";
    let problem = OAuthErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        description,
    );
    let mut answer = problem.into_response();
    answer
        .headers_mut()
        .insert(header::ALLOW, http::HeaderValue::from_static(METHODS));
    answer
}

impl From<OAuthError> for OAuthErrorResponse {
    fn from(error: OAuthError) -> Self {
        if error.code == OAuthErrorCode::InvalidClient {
            // RFC 6749 §5.2 and RFC 9110 §15.5.2: a 401 carries a challenge.
            return Self::new(
                StatusCode::UNAUTHORIZED,
                error.code.as_str(),
                error.description,
            )
            .with_basic_challenge();
        }
        Self::new(
            StatusCode::BAD_REQUEST,
            error.code.as_str(),
            error.description,
        )
    }
}
