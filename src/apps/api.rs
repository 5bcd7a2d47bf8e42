//! Browser apps ask first whether they may (Fetch standard, CORS-preflight request): the origin of any
//! registered redirect URI may.

use axum::response::Response;
use http::HeaderMap;
use http::header;

use crate::db;
use crate::db::Db;
use crate::web::answer_preflight;

use super::store;

/// The answer to a preflight for an address that answers browser apps.
pub async fn preflight(db: &Db, asked: &HeaderMap) -> db::Result<Response> {
    let origin = asked
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let known = match origin {
        Some(origin) => store::knows_origin(db.pool(), origin).await?,
        None => false,
    };
    Ok(answer_preflight(asked, known))
}
