//! Somebody new.

use super::details::{PersonUpdate, Username};
use super::update::keep;
use super::{PeopleError, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// Adds a person. With `id`, under that number if nobody has it.
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
            "people_pkey" => PeopleError::NumberTaken,
            _ => error.into(),
        },
        _ => error.into(),
    })?;
    keep(tx, id, details, now).await?;
    audit::record(
        &mut **tx,
        AuditEntry::of("person.added").about(id),
        now,
        rng,
    )
    .await?;
    Ok(id)
}
