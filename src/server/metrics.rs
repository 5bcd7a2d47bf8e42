//! What is counted, for Prometheus to read: at an address that is no part of the service, since it is
//! nobody's business but the operators'.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::connectors;
use crate::connectors::{ConnectorRegistry, DynConnector};
use crate::platform::db::Db;
use crate::platform::metrics;
use crate::platform::metrics::Gauges;

/// Somebody who looks wants to see that the database is gone, and not wait for it.
const DATABASE_WITHIN: Duration = Duration::from_secs(2);

/// What the page needs.
#[derive(Debug, Clone)]
pub(super) struct Feature {
    pub db: Db,
    pub ways: ConnectorRegistry,
}

impl Feature {
    pub(super) fn routes(self) -> Router {
        // The shell, which takes a slash off the end, does not stand before these.
        Router::new()
            .route("/metrics", get(read))
            .route("/metrics/", get(read))
            .with_state(self)
    }

    async fn now(&self) -> Gauges {
        let connections = self.db.connections();
        let closed = connectors::list_disabled(self.db.pool());
        let closed = tokio::time::timeout(DATABASE_WITHIN, closed).await;
        let ways = match closed {
            Ok(Ok(closed)) => {
                let is_closed = |slug| closed.iter().any(|it| it.slug == slug);
                let ways = self.ways.iter().filter(|way| way.has_circuit_breaker());
                ways.map(DynConnector::slug)
                    .map(|slug| (slug, is_closed(slug)))
                    .collect()
            }
            _ => Vec::new(),
        };
        Gauges { connections, ways }
    }
}

async fn read(State(it): State<Feature>) -> Response {
    match metrics::whole(&it.now().await) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
