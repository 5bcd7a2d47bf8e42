//! Imports a row of a list: adds or updates a person.

use super::add::add;
use super::import_list::RowRequest;
use super::update::update;
use super::{PeopleError, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// The outcome of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    Added,
    /// With the file of the old picture, which nothing refers to any more.
    Updated(Option<String>),
}

/// Which ids new people get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdAllocation {
    Permanent,
    /// A dry run gives new people this id and rolls it back.
    DryRun(PersonId),
}

/// Takes the ids of a list out of those that people without one get. Called before the first row, so that
/// no row gets an id that a later row has, and a dry run has the outcome of an import.
pub async fn reserve_ids(tx: &mut Tx, ids: impl IntoIterator<Item = PersonId>) -> db::Result<()> {
    if let Some(highest) = ids.into_iter().max() {
        store::mark_ids_used(&mut **tx, highest).await?;
    }
    Ok(())
}

/// Adds or updates by username.
pub async fn import(
    tx: &mut Tx,
    request: &RowRequest,
    numbers: IdAllocation,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<ImportOutcome, PeopleError> {
    if let Some(existing) = store::find_id(&mut **tx, request.username.as_str()).await? {
        if request.id.is_some_and(|id| id != existing) {
            return Err(PeopleError::OtherId);
        }
        let before = store::find_picture(&mut **tx, existing).await?;
        update(tx, existing, &request.details, now, rng).await?;
        let stays = request.details.columns.profile_picture.is_keep();
        return Ok(ImportOutcome::Updated(before.filter(|_| !stays)));
    }
    let id = match numbers {
        IdAllocation::Permanent => request.id,
        IdAllocation::DryRun(temporary_id) => request.id.or(Some(temporary_id)),
    };
    add(tx, &request.username, id, &request.details, now, rng).await?;
    Ok(ImportOutcome::Added)
}
