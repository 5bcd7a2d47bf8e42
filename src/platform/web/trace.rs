//! One id and one span for each request. The log names the route, never the address asked for: a
//! query may carry a code, a path somebody's id.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument;

use crate::platform::metrics;
use crate::platform::metrics::Stopwatch;
use crate::platform::rng::SharedRng;
use crate::platform::secret::alphanumeric;

/// What a visitor may quote and an operator may search for.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn trace(rng: SharedRng, mut request: Request, next: Next) -> Response {
    let id = alphanumeric(rng.as_ref(), 16);
    let span = tracing::info_span!("request", request.id = %id, method = %request.method());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (began, method) = (Stopwatch::start(), request.method().clone());
    async move {
        let mut answer = next.run(request).await;
        let took = began.elapsed();
        let route = answer
            .extensions()
            .get::<RouteName>()
            .map_or("-", |route| route.0.as_str());
        metrics::answered(route, &method, answer.status(), took);
        tracing::info!(
            route,
            status = answer.status().as_u16(),
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        if let Ok(value) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert(REQUEST_ID, value);
        }
        answer
    }
    .instrument(span)
    .await
}

#[derive(Debug, Clone)]
struct RouteName(String);

/// Inside the router, where the route is known: passes its pattern outwards.
pub(super) async fn note_route(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let mut answer = next.run(request).await;
    if let Some(route) = route {
        answer.extensions_mut().insert(RouteName(route));
    }
    answer
}
