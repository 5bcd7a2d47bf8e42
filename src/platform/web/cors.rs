//! CORS (Fetch standard): which other origins may read a response from a browser. The token endpoint,
//! the user API and the metadata allow it, without credentials; pages never do.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// The origins whose port is free: on the IP addresses of the person's own machine programs take what port
/// they get (RFC 8252 §7.3). Not on localhost: a name may be made to resolve to another machine.
const LOOPBACK_ORIGINS: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// The origin without its port if the port is free, for redirect URIs and for CORS alike.
pub fn find_loopback_origin(origin: &str) -> Option<&'static str> {
    let is_port = |text: &str| {
        !text.starts_with('0')
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u16>().is_ok()
    };
    LOOPBACK_ORIGINS.into_iter().find(|loopback| {
        origin
            .strip_prefix(loopback)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    })
}

/// An origin as registered origins are stored and compared: without its port if the port is free.
pub fn registered_origin(origin: &str) -> &str {
    find_loopback_origin(origin).unwrap_or(origin)
}

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
        let is_registered = |origin: &str| {
            let origin = registered_origin(origin);
            allowed.0.iter().any(|known| known == origin)
        };
        let is_allowed = origin.to_str().is_ok_and(is_registered);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_ip_is_free() {
        for (origin, registered) in [
            ("http://127.0.0.1:51234", "http://127.0.0.1"),
            ("http://127.0.0.1", "http://127.0.0.1"),
            ("http://[::1]:9", "http://[::1]"),
        ] {
            assert_eq!(registered_origin(origin), registered);
        }
        for origin in [
            "http://localhost:3000",
            "https://127.0.0.1:3000",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1:",
            "http://127.0.0.1:080",
            "http://127.0.0.1:70000",
            "http://127.0.0.1:1@evil.example",
            "http://127.0.0.2:3000",
            "null",
            "",
        ] {
            assert_eq!(registered_origin(origin), origin);
        }
    }
}
