//! Adds a person.

use super::details::{PersonUpdate, Username};
use super::update::write_update;
use super::{PeopleError, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// Adds a person, with this id if it is given and free.
pub async fn add(
    tx: &mut Tx,
    username: &Username,
    id: Option<PersonId>,
    details: &PersonUpdate,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<PersonId, PeopleError> {
    let added = store::insert(&mut **tx, username, id, now).await;
    let id = added.map_err(|error| match &error {
        db::Error::Constraint { constraint, .. } => match constraint.as_str() {
            "people_username_key" => PeopleError::UsernameTaken,
            "people_pkey" => PeopleError::IdTaken,
            _ => error.into(),
        },
        _ => error.into(),
    })?;
    write_update(tx, id, details, now).await?;
    audit::record(
        &mut **tx,
        AuditEntry::of("person.added").about(id),
        now,
        rng,
    )
    .await?;
    Ok(id)
}
