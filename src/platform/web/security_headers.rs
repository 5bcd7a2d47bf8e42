//! Security headers, set on every response that does not set its own.
//!
//! A redirect has no body, so it gets none of the headers that only concern pages, but the short one against
//! framing, which campus tools expect of every response. Proxies read the headers of a response into a small
//! buffer (4 KiB in nginx), and the address of a redirect may carry a long `state`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// The Content-Security-Policy of pages: resources of this origin only, no inline script, no framing.
pub(super) const PAGE_CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const DEFAULTS: [(HeaderName, &str); 4] = [
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// For responses with a body.
const PAGE_DEFAULTS: [(HeaderName, &str); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

pub(super) async fn set_security_headers(secure: bool, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let is_redirect = answer.status().is_redirection();
    let headers = answer.headers_mut();
    // X-Frame-Options cannot list origins, so it would contradict a CSP that allows some.
    let allows_framing = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        .and_then(|policy| policy.split_once("frame-ancestors "))
        .is_some_and(|(_, ancestors)| !ancestors.starts_with("'none'"));
    let of_pages = PAGE_DEFAULTS.into_iter().filter(|_| !is_redirect);
    for (name, value) in DEFAULTS.into_iter().chain(of_pages) {
        if name == header::X_FRAME_OPTIONS && allows_framing {
            continue;
        }
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    answer
}

/// Forbids caching of a response that holds a token or a secret (RFC 6749 §5.1).
pub fn set_no_store(answer: &mut Response) {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}
