//! The token endpoint (RFC 6749 §3.2), the revocation endpoint (RFC 7009) and bearer tokens (RFC 6750). Owns
//! the tables `authorization_codes`, `token_families` and `token_pairs`, except that the authorization endpoint
//! inserts codes and families. Tokens of an app itself are in [`app_tokens`](super::app_tokens).
//!
//! [`endpoint`] reads top down: parse, authenticate the client, find the grant type, decide, keep, answer.
//! The grant types are in [`grant_types`], the rotation of refresh tokens in [`rotation`], the causes of refusals in
//! [`refusal`].
//!
//! ```text
//! code ──exchange──▶ pair ──refresh──▶ pair ──refresh──▶ pair …      one family
//!   │ again, later      │ old token again                 │ revoke
//!   ▼                   ▼                                 ▼
//! family ends         see rotation                      family ends
//! ```
//!
//! A token is live while its pair, its family and its grant are, the app and the person are not suspended,
//! and the person is not about to leave (the view `live_token_families` and the function `is_live(token_pairs)`). So
//! ending any of these ends the tokens at their next use, and no code has to search for tokens.
//!
//! Decision: no transaction in the common case. Exchange and refresh load the facts, decide in pure
//! functions and oxide-auth's machines, and keep the outcome in one statement that ends the old and inserts
//! the new, and does nothing if another request was faster.

mod bearer;
mod client_authentication;
mod endpoint;
mod generate;
mod grant_types;
mod model;
mod refusal;
mod replay;
mod request;
mod revocation_endpoint;
mod revoke_login;
mod revoke_tokens;
mod rotation;
mod store;
mod sweep;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, middleware};
pub use bearer::{AccessToken, Bearer};
pub use endpoint::{Feature, TokenEndpointState};
pub use generate::{AuthorizationCode, generate_code};
use http::{HeaderMap, HeaderValue, StatusCode, header};
pub use refusal::causes::ALL as PROBLEM_CAUSES;
pub use revoke_tokens::revoke_tokens_of_person;
pub use rotation::RotationKey;
pub use sweep::sweep;

use crate::platform::web::{OAuthErrorResponse, allow_registered_origins};
use crate::protocol::clients;

const METHODS: &str = "POST, OPTIONS";

pub fn routes(feature: Feature) -> Router {
    let token = post(endpoint::token);
    let revoke_token = post(revocation_endpoint::revoke_token);
    Router::new()
        .route(
            "/oauth/token",
            token.options(preflight).fallback(not_allowed),
        )
        .route(
            "/oauth/revoke_token",
            revoke_token.options(preflight).fallback(not_allowed),
        )
        .layer(middleware::from_fn(allow_registered_origins))
        .with_state(feature)
}

async fn preflight(
    State(endpoint): State<Feature>,
    headers: HeaderMap,
) -> Result<Response, OAuthErrorResponse> {
    Ok(clients::preflight(&endpoint.db, &headers, METHODS).await?)
}

async fn not_allowed() -> Response {
    let error = OAuthErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "invalid_request",
        "This address takes POST only.",
    );
    let mut response = error.into_response();
    let allow = HeaderValue::from_static(METHODS);
    response.headers_mut().insert(header::ALLOW, allow);
    response
}
