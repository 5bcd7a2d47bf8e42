//! Browsers of other origins (Fetch standard, CORS): the token endpoint, the user API and the metadata
//! answer them, without credentials; pages never do.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The origins registered by the app an answer concerns. A handler attaches it to its response; only
/// then, and only for these, may a browser page read the answer.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(pub Vec<String>);

/// The answer to a preflight; `known` says whether any app registered the asking origin.
pub fn answer_preflight(asked: &HeaderMap, known: bool) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    if let (true, Some(origin)) = (known, asked.get(header::ORIGIN)) {
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

/// Opens an answer to the origin that asked, if the app it [`AllowedOrigins`]s registered that origin.
pub async fn open_to_concerned(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = next.run(request).await;
    let concerned = answer
        .extensions_mut()
        .remove::<AllowedOrigins>()
        .unwrap_or_default();
    answer
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        let registered = concerned
            .0
            .iter()
            .any(|known| known.as_bytes() == origin.as_bytes());
        if registered {
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
