//! Somebody new.

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::PersonId;

use super::PeopleError;
use super::details::Details;
use super::details::Username;
use super::store;
use super::update::keep;

/// Adds a person. With `id`, under that number if nobody has it.
pub async fn add(
    tx: &mut Tx,
    username: &Username,
    id: Option<PersonId>,
    details: &Details,
    now: Moment,
    entropy: &dyn Entropy,
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
    audit::note(&mut **tx, Entry::of("person.added").about(id), now, entropy).await?;
    Ok(id)
}
