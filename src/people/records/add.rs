//! Somebody new.

use super::details::{Details, Username};
use super::update::keep;
use super::{PeopleError, store};
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Entropy;
use crate::platform::{audit, db};

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
