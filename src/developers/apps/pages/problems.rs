//! The last refused requests of an app, on its page.

use serde::Serialize;

use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::AppId;
use crate::platform::web::Web;
use crate::protocol::problems::{AppProblem, ProblemCause};
use crate::protocol::{authorize, problems, token};

/// The causes of an endpoint. Two endpoints may explain a cause of one name differently.
fn causes(endpoint: &str) -> &'static [ProblemCause] {
    match endpoint {
        "authorize" => authorize::PROBLEM_CAUSES,
        _ => token::PROBLEM_CAUSES,
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ProblemRow {
    at: String,
    /// The endpoint in words.
    endpoint: &'static str,
    /// The cause as the log has it, to search for.
    cause: String,
    /// What went wrong and what to do; none of a cause of another version.
    sentence: Option<&'static str>,
}

impl ProblemRow {
    fn of(problem: AppProblem, web: &Web) -> Self {
        let mut causes = causes(&problem.endpoint).iter();
        let known = causes.find(|known| known.name == problem.cause);
        Self {
            at: web.date_and_time(problem.at),
            endpoint: match problem.endpoint.as_str() {
                "authorize" => "Sign-in",
                "token" => "Token",
                _ => "Revocation",
            },
            sentence: known.map(|known| known.sentence),
            cause: problem.cause,
        }
    }
}

/// The newest first.
pub(super) async fn list(
    db: impl Executor<'_>,
    app: AppId,
    web: &Web,
) -> db::Result<Vec<ProblemRow>> {
    let problems = problems::list(db, app).await?;
    let rows = problems
        .into_iter()
        .map(|problem| ProblemRow::of(problem, web));
    Ok(rows.collect())
}

#[cfg(test)]
pub(super) mod samples {
    use super::*;

    pub(crate) fn row() -> ProblemRow {
        ProblemRow {
            at: "21 Nov 2026, 18:05".to_owned(),
            endpoint: "Token",
            cause: "code_expired".to_owned(),
            sentence: Some("The code was too old. Exchange it as soon as it arrives."),
        }
    }
}
