//! The choices of a profile, as documentation lists them.

use serde::Serialize;

use crate::db;
use crate::db::Executor;

/// A code of the user API and the name that goes with it.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    #[serde(skip)]
    pub kind: String,
    pub code: String,
    pub name: String,
    /// No longer offered, but old profiles may hold it.
    pub is_retired: bool,
}

/// Every hostel, department and degree, in the order the profile page offers them.
pub(super) async fn list_choices(db: impl Executor<'_>) -> db::Result<Vec<Choice>> {
    let choices = sqlx::query_as!(
        Choice,
        r#"select kind, code, name, retired_at is not null as "is_retired!"
           from choices order by kind, position, code"#,
    )
    .fetch_all(db)
    .await?;
    Ok(choices)
}
