//! The error pages of a login, and the circuit breaker that a connector's error trips.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::super::login_flows::AttemptError;
use super::login_request::LoginRequest;
use super::views::LoginBusyPage;
use crate::connectors;
use crate::connectors::ConnectorError;
use crate::platform::audit::AuditEntry;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::PageError;
use crate::platform::{audit, db};

impl LoginRequest<'_> {
    pub(super) async fn render_attempt_error(
        &self,
        error: AttemptError,
        attempt: Option<&str>,
    ) -> Result<Response, PageError> {
        let links = self.feature.web.links();
        let here = links.login_with(self.connector.slug());
        match error {
            AttemptError::Busy => {
                let query = self.query();
                let separator = if query.is_empty() { "?" } else { "&" };
                let attempt = attempt.unwrap_or_default();
                let href = format!("{here}{query}{separator}attempt={attempt}");
                Ok(self.context.render(&LoginBusyPage { href }))
            }
            AttemptError::Gone => Ok(self.render_gone()),
            AttemptError::Refused(reason) => Ok(self.render_not_signed_in(&reason)),
            AttemptError::Connector(error) => self.render_connector_error(error).await,
        }
    }

    /// The login attempt has ended without a session.
    pub(super) fn render_not_signed_in(&self, reason: &str) -> Response {
        PageError::new(StatusCode::BAD_REQUEST, "You are not signed in", reason)
            .with_back_link(self.start_again_href(), "Start again")
            .into_response()
    }

    fn render_gone(&self) -> Response {
        self.render_not_signed_in(
            "This sign-in has expired: it took longer than ten minutes, was finished in another \
             tab, or the service was restarted.",
        )
    }

    /// The connector could tell neither yes nor no.
    pub(super) async fn render_connector_error(
        &self,
        error: ConnectorError,
    ) -> Result<Response, PageError> {
        let upstream = self.connector.slug();
        let label = self.connector.label().text;
        let page = match error {
            ConnectorError::Store(error) => error.into(),
            ConnectorError::Expired => return Ok(self.render_gone()),
            ConnectorError::Busy(after) => {
                self.count_outcome(SignInOutcome::Busy);
                tracing::warn!(upstream, "too many sign-ins at once");
                PageError::unavailable_for(after, "Many people are signing in at the moment.")
            }
            ConnectorError::Unavailable => {
                self.count_outcome(SignInOutcome::Unanswered);
                tracing::warn!(upstream, "the upstream does not answer");
                PageError::unavailable_for(
                    Duration::from_secs(30),
                    format!("{label} is not answering. What you typed was not kept."),
                )
            }
            ConnectorError::UnexpectedUserData { cause, message } => {
                self.count_outcome(SignInOutcome::UnexpectedUserData);
                tracing::warn!(upstream, cause, "the upstream is odd about one person");
                return Ok(self.render_not_signed_in(message));
            }
            ConnectorError::ProtocolMismatch(cause) => {
                self.count_outcome(SignInOutcome::ProtocolMismatch);
                self.trip_circuit_breaker(cause).await?;
                return Ok(self.render_disabled());
            }
        };
        Ok(page
            .with_back_link(self.start_again_href(), "Start again")
            .into_response())
    }

    /// Disables the connector for everyone until an operator enables it again: after an unknown change of
    /// the upstream, what the connector takes for a proof may be none.
    async fn trip_circuit_breaker(&self, cause: &'static str) -> Result<(), PageError> {
        let Self {
            feature, connector, ..
        } = self;
        let (upstream, now) = (connector.slug(), self.origin.now);
        tracing::error!(upstream, cause, "the upstream has changed");
        if !connector.has_circuit_breaker() {
            return Ok(());
        }
        let mut tx = feature.db.begin().await?;
        if connectors::disable(&mut tx, upstream, cause, now).await? {
            let entry = AuditEntry::of("upstream.closed");
            let entry = entry.with(json!({ "upstream": upstream, "met": cause }));
            audit::record(&mut *tx, entry, now, feature.rng.as_ref()).await?;
        }
        tx.commit().await.map_err(db::Error::from)?;
        Ok(())
    }

    pub(super) fn render_disabled(&self) -> Response {
        let label = self.connector.label().text;
        let page = PageError::unavailable_for(
            Duration::from_mins(10),
            format!(
                "{label}: this sign-in method is not available, because the sign-in server has \
                 changed. Use another sign-in method."
            ),
        );
        page.with_back_link(self.start_again_href(), "Other sign-in methods")
            .into_response()
    }
}
