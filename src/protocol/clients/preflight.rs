//! CORS preflight requests (Fetch standard): the origin of any registered redirect URI is allowed.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use super::store;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::web::{registered_origin, respond_to_preflight};

/// Answers `OPTIONS` for an endpoint that browser apps may call: a CORS preflight, or a plain request for
/// the allowed methods (RFC 9110 §9.3.7).
pub async fn preflight(
    db: &Db,
    headers: &HeaderMap,
    methods: &'static str,
) -> db::Result<Response> {
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let is_allowed = match origin {
        Some(origin) => store::is_registered_origin(db.pool(), registered_origin(origin)).await?,
        None => false,
    };
    let mut response = respond_to_preflight(headers, is_allowed);
    let methods = HeaderValue::from_static(methods);
    response.headers_mut().insert(header::ALLOW, methods);
    Ok(response)
}
