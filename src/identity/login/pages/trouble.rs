//! What is shown where there is no form to show or no answer to judge, and a way that is closed by it.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::super::take_turn::AttemptError;
use super::door::LoginRoute;
use super::shown::LoginBusyPage;
use crate::connectors;
use crate::connectors::ConnectorError;
use crate::platform::audit::AuditEntry;
use crate::platform::metrics::SignInOutcome;
use crate::platform::web::PageError;
use crate::platform::{audit, db};

impl LoginRoute<'_> {
    pub(super) async fn without(
        &self,
        without: AttemptError,
        attempt: Option<&str>,
    ) -> Result<Response, PageError> {
        let here = self.it.web.links().login_through(self.way.slug());
        match without {
            AttemptError::Busy => {
                let query = self.query();
                let joint = if query.is_empty() { "?" } else { "&" };
                let attempt = attempt.unwrap_or_default();
                let href = format!("{here}{query}{joint}attempt={attempt}");
                Ok(self.frame.show(&LoginBusyPage { href }))
            }
            AttemptError::Gone => Ok(self.gone()),
            AttemptError::Refused(told) => Ok(self.not_signed_in(&told)),
            AttemptError::Upstream(error) => self.trouble(error).await,
        }
    }

    /// The sign-in is over.
    pub(super) fn not_signed_in(&self, told: &str) -> Response {
        PageError::new(StatusCode::BAD_REQUEST, "You are not signed in", told)
            .back(self.anew(), "Start again")
            .into_response()
    }

    fn gone(&self) -> Response {
        self.not_signed_in(
            "This sign-in has expired: it took longer than ten minutes, was finished in another \
             tab, or the service was restarted.",
        )
    }

    /// There was no answer.
    pub(super) async fn trouble(&self, error: ConnectorError) -> Result<Response, PageError> {
        let upstream = self.way.slug();
        let label = self.way.face().label;
        let problem = match error {
            ConnectorError::Store(error) => error.into(),
            ConnectorError::Expired => return Ok(self.gone()),
            ConnectorError::Busy(after) => {
                self.measure(SignInOutcome::Busy);
                tracing::warn!(upstream, "too many sign-ins at once");
                PageError::unavailable_for(after, "Many people are signing in at the moment.")
            }
            ConnectorError::Unavailable => {
                self.measure(SignInOutcome::Unanswered);
                tracing::warn!(upstream, "the upstream does not answer");
                PageError::unavailable_for(
                    Duration::from_secs(30),
                    format!("{label} is not answering. What you typed was not kept."),
                )
            }
            ConnectorError::Odd { met, told } => {
                self.measure(SignInOutcome::Odd);
                tracing::warn!(upstream, met, "the upstream is odd about one person");
                return Ok(self.not_signed_in(told));
            }
            ConnectorError::Changed(met) => {
                self.measure(SignInOutcome::Changed);
                self.close(met).await?;
                return Ok(self.closed_way());
            }
        };
        Ok(problem.back(self.anew(), "Start again").into_response())
    }

    /// Nobody signs in by this way any more until somebody has looked at it: what it would take for a
    /// proof may be none.
    async fn close(&self, met: &'static str) -> Result<(), PageError> {
        let Self { it, way, .. } = self;
        let (upstream, now) = (way.slug(), self.visitor.now);
        tracing::error!(upstream, met, "the upstream has changed");
        if !way.closes() {
            return Ok(());
        }
        let mut tx = it.db.begin().await?;
        if connectors::close(&mut tx, upstream, met, now).await? {
            let entry = AuditEntry::of("upstream.closed");
            let entry = entry.with(json!({ "upstream": upstream, "met": met }));
            audit::note(&mut *tx, entry, now, it.rng.as_ref()).await?;
        }
        tx.commit().await.map_err(db::Error::from)?;
        Ok(())
    }

    pub(super) fn closed_way(&self) -> Response {
        let label = self.way.face().label;
        let problem = PageError::unavailable_for(
            Duration::from_mins(10),
            format!(
                "{label}: this sign-in method is not available, because the sign-in server has \
                 changed. Use another sign-in method."
            ),
        );
        problem
            .back(self.anew(), "Other sign-in methods")
            .into_response()
    }
}
