//! Health checks for load balancers and scripts: whether the process runs, and whether it can serve.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::platform::db::Db;

pub(crate) fn routes(db: Db) -> Router {
    Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .with_state(db)
}

async fn ready(State(db): State<Db>) -> Response {
    if db.is_ready().await {
        return "ready\n".into_response();
    }
    let reason = "the database is not reachable or not migrated\n";
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, "5")],
        reason,
    )
        .into_response()
}
