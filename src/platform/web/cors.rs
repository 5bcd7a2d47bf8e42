//! CORS (Fetch standard): which other origins may read a response from a browser. The token endpoint,
//! the user API and the metadata allow it, without credentials; pages never do.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The origins that the client of this request has registered. A handler attaches it to its response;
/// only pages of these origins may then read the response.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(pub Vec<String>);

/// The response to a preflight request. `is_registered`: whether any app has registered the origin.
pub fn respond_to_preflight(request: &HeaderMap, is_registered: bool) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let (true, Some(origin)) = (is_registered, request.get(header::ORIGIN)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "Authorization, Content-Type",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    answer
}

/// Adds the CORS headers if the request's origin is among the [`AllowedOrigins`] of the response.
pub async fn allow_registered_origins(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = next.run(request).await;
    let allowed = answer
        .extensions_mut()
        .remove::<AllowedOrigins>()
        .unwrap_or_default();
    answer
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        let is_allowed = allowed
            .0
            .iter()
            .any(|known| known.as_bytes() == origin.as_bytes());
        if is_allowed {
            let headers = answer.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("Retry-After, WWW-Authenticate"),
            );
        }
    }
    answer
}
