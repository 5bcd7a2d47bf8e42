//! Reporting a refusal.

use tracing::Instrument;

use super::model::{OAuthEndpoint, ProblemCause};
use super::store;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db::Db;
use crate::platform::id::{AppId, ProblemId};
use crate::platform::metrics;
use crate::platform::rate_limits::{RateLimiter, table};
use crate::platform::rng::SharedRng;
use crate::platform::web::ErrorChain;

/// Where endpoints report what they refuse.
#[derive(Debug, Clone)]
pub struct ProblemLog {
    db: Db,
    rng: SharedRng,
    kept: RateLimiter<(AppId, OAuthEndpoint, &'static str)>,
}

impl ProblemLog {
    pub fn new(db: Db, rng: SharedRng, clock: &SharedClock) -> Self {
        Self {
            db,
            rng,
            kept: RateLimiter::new(table::PROBLEMS, clock),
        }
    }

    /// Logs and counts a refusal, and keeps it for the app's owner if the app is known. Returns at once.
    pub fn record(
        &self,
        endpoint: OAuthEndpoint,
        cause: ProblemCause,
        app: Option<AppId>,
        now: Timestamp,
    ) {
        tracing::info!(
            cause = cause.name,
            app.id = app.map(tracing::field::display),
            "{} request refused",
            endpoint.as_str()
        );
        metrics::record_refusal(endpoint.as_str(), cause.name);
        if let Some(app) = app {
            self.keep(endpoint, cause, app, now);
        }
    }

    fn keep(&self, endpoint: OAuthEndpoint, cause: ProblemCause, app: AppId, now: Timestamp) {
        if self.kept.take((app, endpoint, cause.name)).is_err() {
            return;
        }
        let id = ProblemId::new(now, self.rng.as_ref());
        let db = self.db.clone();
        let insert = async move {
            let kept = store::insert(db.pool(), id, app, (endpoint, cause.name), now).await;
            if let Err(error) = kept {
                let error = ErrorChain::of(error);
                tracing::warn!(error = %error, "a refusal was not kept for the app's owner");
            }
        };
        tokio::spawn(insert.in_current_span());
    }
}
