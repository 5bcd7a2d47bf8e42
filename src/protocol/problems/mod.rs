//! Why requests of an app were refused, for the person who looks after the app. Owns the table
//! `app_problems`.
//!
//! An endpoint lists its causes as rows of [`ProblemCause`] and reports each refusal once, through
//! [`ProblemLog::record`]: to the log, to the metrics and, where the app is known, to its owner. The
//! client's answer is the endpoint's own and says no more than the RFC wants.
//!
//! Decision: the row is written in the background, at most once a minute for each app, endpoint and cause,
//! because a refusal must not take longer for an app that exists (RFC 9700 §2.5 wants no such hint), and
//! a client in a loop must not fill the database. A row that cannot be written is lost and logged.

mod model;
mod record;
mod store;
mod sweep;

pub use model::{AppProblem, OAuthEndpoint, ProblemCause};
pub use record::ProblemLog;
pub use store::list;
pub use sweep::sweep;
