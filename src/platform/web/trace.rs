//! The request id and the log span of each request.
//!
//! Security: the log names the route pattern and not the address, because a query may contain an
//! authorization code, and a path may contain a personal id.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument;

use crate::platform::metrics;
use crate::platform::metrics::Stopwatch;
use crate::platform::rng::SharedRng;
use crate::platform::secret::alphanumeric;

/// Identifies a request in the log. Error pages show it, so that people can quote it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn trace_request(rng: SharedRng, mut request: Request, next: Next) -> Response {
    let id = alphanumeric(rng.as_ref(), 16);
    let span = tracing::info_span!("request", request.id = %id, method = %request.method());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (stopwatch, method) = (Stopwatch::start(), request.method().clone());
    async move {
        let mut response = next.run(request).await;
        let elapsed = stopwatch.elapsed();
        let route = response
            .extensions()
            .get::<RouteName>()
            .map_or("-", |route| route.0.as_str());
        metrics::record_request(route, &method, response.status(), elapsed);
        tracing::info!(
            route,
            status = response.status().as_u16(),
            took_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}

#[derive(Debug, Clone)]
struct RouteName(String);

/// Runs inside the router, where the matched route is known, and attaches its pattern to the response.
pub(super) async fn attach_route(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(RouteName(route));
    }
    response
}
