//! Bearer tokens: the extractor for requests that need an access token (RFC 6750).

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};

use super::endpoint::Feature;
use super::store;
use crate::people::records::Person;
use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, GrantId};
use crate::platform::secret::Secret;
use crate::platform::web::{AllowedOrigins, ApiError};
use crate::protocol::app_tokens;
use crate::protocol::oauth::oxide;
use crate::protocol::oauth::oxide::BearerError;
use crate::protocol::scope::{GrantedAccess, Scope};

/// A live access token, with the person who granted it.
#[derive(Debug)]
pub struct AccessToken {
    pub app: AppId,
    /// Origins the app registered, for browsers.
    pub origins: Vec<String>,
    pub grant: GrantId,
    /// What may be shown or done: what the token and the grant both allow.
    pub access: GrantedAccess,
    pub person: Person,
}

/// A handler with this argument needs an access token with the scope `NEEDED`, a row of the table of scopes.
#[derive(Debug)]
pub struct Bearer<const NEEDED: usize>(pub AccessToken);

impl<const NEEDED: usize> Bearer<NEEDED> {
    fn needed() -> Option<Scope> {
        Scope::all().nth(NEEDED)
    }
}

impl<S, const NEEDED: usize> FromRequestParts<S> for Bearer<NEEDED>
where
    Feature: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let endpoint = Feature::from_ref(state);
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.map(|header| String::from_utf8_lossy(header.as_bytes()));
        if header.is_none() && has_token_in_query(parts) {
            return Err(render_token_in_query());
        }
        let request = oxide::read_bearer(header.as_deref(), Self::needed());
        let request = request.map_err(|error| render_error(error, Self::needed(), None))?;
        let token = Secret::new(request.token.clone());
        let now = endpoint.clock.now();
        let facts = store::find_access(endpoint.db.pool(), token.hash(), now).await;
        let facts = facts.map_err(|error| ApiError::from(error).into_response())?;
        if facts.is_none() && is_valid_app_token(&endpoint, &token, now).await? {
            return Err(render_app_token_refusal(Self::needed()));
        }
        let origins = facts
            .as_ref()
            .map(|facts| facts.origins.clone())
            .unwrap_or_default();
        let lifetime = endpoint.lifetimes.access_token;
        let live = facts.filter(|facts| facts.is_live && now - facts.issued_at < lifetime);
        let scopes = live.as_ref().map(|facts| facts.access.scopes());
        let withdrawn = live
            .as_ref()
            .and_then(|facts| Self::needed().filter(|needed| facts.withdrawn.contains(*needed)));
        match (oxide::require_scope(request, scopes), live) {
            (Ok(()), Some(facts)) => Ok(Self(AccessToken {
                app: facts.app,
                origins: facts.origins,
                grant: facts.grant,
                access: facts.access,
                person: facts.person,
            })),
            (result, _) => {
                let error = result.err().unwrap_or(BearerError::InvalidToken);
                let mut response = render_error(error, Self::needed(), withdrawn);
                response.extensions_mut().insert(AllowedOrigins(origins));
                Err(response)
            }
        }
    }
}

fn has_token_in_query(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

/// Decision: a token in the query is refused although RFC 6750 §2.3 describes it, because addresses are kept in logs
/// and histories (RFC 9700 §4.3.2). The developer learns where it belongs instead of only that it is missing.
fn render_token_in_query() -> Response {
    const DETAIL: &str = "The access token was sent in the address, where logs keep it. Send it in the header \
                          \"Authorization: Bearer <token>\", and revoke the one that was sent.";
    ApiError::new(StatusCode::UNAUTHORIZED, DETAIL)
        .challenge("realm=\"api\"")
        .into_response()
}

async fn is_valid_app_token(
    endpoint: &Feature,
    token: &Secret,
    now: Timestamp,
) -> Result<bool, Response> {
    if !app_tokens::is_app_token(token) {
        return Ok(false);
    }
    let app = app_tokens::find_app_of_token(endpoint.db.pool(), token.hash(), now).await;
    let app = app.map_err(|error| ApiError::from(error).into_response())?;
    Ok(app.is_some())
}

/// A token of an app itself is valid, and opens no person.
fn render_app_token_refusal(needed: Option<Scope>) -> Response {
    const DETAIL: &str =
        "This token belongs to an app, not to a person. Send the person through the sign-in.";
    ApiError::new(StatusCode::FORBIDDEN, DETAIL)
        .challenge(&insufficient_scope(needed))
        .into_response()
}

/// The challenge of RFC 6750 §3.1.
fn insufficient_scope(needed: Option<Scope>) -> String {
    let scope = needed
        .map(|scope| format!(", scope=\"{}\"", scope.name()))
        .unwrap_or_default();
    format!("realm=\"api\", error=\"insufficient_scope\"{scope}")
}

/// The sentences that old clients expect where there is no token or no scope, and the header of RFC 6750 §3. An app that had the scope learns that the person has withdrawn it.
fn render_error(error: BearerError, needed: Option<Scope>, withdrawn: Option<Scope>) -> Response {
    const UNAUTHENTICATED: &str = "Authentication credentials were not provided.";
    const INVALID_TOKEN: &str = "The access token is unknown, ended or too old. Refresh it.";
    match error {
        BearerError::NoToken => {
            ApiError::new(StatusCode::UNAUTHORIZED, UNAUTHENTICATED).challenge("realm=\"api\"")
        }
        BearerError::InvalidToken => ApiError::new(StatusCode::UNAUTHORIZED, INVALID_TOKEN)
            .challenge(&format!(
                "realm=\"api\", error=\"invalid_token\", error_description=\"{INVALID_TOKEN}\""
            )),
        BearerError::InsufficientScope => ApiError::new(
            StatusCode::FORBIDDEN,
            withdrawn.map_or_else(
                || "You do not have permission to perform this action.".to_owned(),
                |scope| {
                    format!(
                        "This user removed the access of your app: {}.",
                        scope.name()
                    )
                },
            ),
        )
        .challenge(&insufficient_scope(needed)),
    }
    .into_response()
}
