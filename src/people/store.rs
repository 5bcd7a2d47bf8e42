//! People in the database.

use sqlx::types::Json;

use crate::db;
use crate::db::Executor;
use crate::id::PersonId;

use super::Person;

/// A person who may sign in; a suspended one is not found.
pub async fn find(db: impl Executor<'_>, id: PersonId) -> db::Result<Option<Person>> {
    let row = sqlx::query!(
        r#"select person as "person!: Json<Person>" from whole_people
           where id = $1 and suspended_at is null"#,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| row.person.0))
}
