//! The metrics endpoint, for Prometheus. It has a listener of its own (`PROFILES_METRICS_LISTEN`), because
//! only operators may read it.

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

/// Without an answer of the database in this time, the metrics are rendered without it.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// The metrics endpoint.
#[derive(Debug, Clone)]
pub(super) struct Feature {
    pub db: Db,
    pub connectors: ConnectorRegistry,
}

impl Feature {
    pub(super) fn routes(self) -> Router {
        // The middleware that removes a trailing slash does not apply here.
        Router::new()
            .route("/metrics", get(show))
            .route("/metrics/", get(show))
            .with_state(self)
    }

    async fn read_gauges(&self) -> Gauges {
        let connections = self.db.connections();
        let closed = connectors::list_disabled(self.db.pool());
        let closed = tokio::time::timeout(DATABASE_TIMEOUT, closed).await;
        let connectors = match closed {
            Ok(Ok(closed)) => {
                let is_closed = |slug| closed.iter().any(|closed| closed.slug == slug);
                let closing = self
                    .connectors
                    .iter()
                    .filter(|connector| connector.has_circuit_breaker());
                closing
                    .map(DynConnector::slug)
                    .map(|slug| (slug, is_closed(slug)))
                    .collect()
            }
            _ => Vec::new(),
        };
        Gauges {
            connections,
            connectors,
        }
    }
}

async fn show(State(feature): State<Feature>) -> Response {
    match metrics::render(&feature.read_gauges().await) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
