//! Authorization server metadata (RFC 8414), for client libraries. It lists only what works.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::platform::links::Links;
use crate::protocol::scope::SCOPES;

/// The well-known address at the root, and with the path of the public URL appended (RFC 8414 §3).
pub(crate) fn routes(links: &Links) -> Router {
    const ADDRESS: &str = "/.well-known/oauth-authorization-server";
    let document = document(links);
    let serve = move || {
        let document = document.clone();
        async move { respond(document) }
    };
    let router = Router::new().route(ADDRESS, get(serve.clone()).options(preflight));
    match links.prefix() {
        "" => router,
        prefix => router.route(&format!("{ADDRESS}{prefix}"), get(serve).options(preflight)),
    }
}

/// Any page may read the document, with any headers that its library adds (Fetch standard, CORS).
async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn respond(document: serde_json::Value) -> Response {
    let mut response = Json(document).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    response
}

fn document(links: &Links) -> serde_json::Value {
    let scopes: Vec<&str> = SCOPES.iter().map(|row| row.name).collect();
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    json!({
        "issuer": links.issuer(),
        "authorization_endpoint": links.absolute(&links.authorize()),
        "token_endpoint": links.absolute(&links.token()),
        "revocation_endpoint": links.absolute(&links.revoke_token()),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}
