//! Browser apps ask first whether they may (Fetch standard, CORS-preflight request): the origin of any
//! registered redirect URI may.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use super::store;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::web::respond_to_preflight;

/// The answer to a preflight for an address that answers browser apps, and to anybody else who asks
/// which methods it takes (RFC 9110 §9.3.7).
pub async fn preflight(db: &Db, asked: &HeaderMap, methods: &'static str) -> db::Result<Response> {
    let origin = asked
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let known = match origin {
        Some(origin) => store::knows_origin(db.pool(), origin).await?,
        None => false,
    };
    let mut answer = respond_to_preflight(asked, known);
    let methods = HeaderValue::from_static(methods);
    answer.headers_mut().insert(header::ALLOW, methods);
    Ok(answer)
}
