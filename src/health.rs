//! Whether the process runs, and whether it can serve: for load balancers and start-up scripts.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;

use crate::db::Db;

pub(crate) fn routes(db: Db) -> Router {
    Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .with_state(db)
}

async fn ready(State(db): State<Db>) -> (StatusCode, &'static str) {
    if db.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is not reachable or not migrated\n",
        )
    }
}
