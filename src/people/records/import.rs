//! A row of a list: somebody new, or something else about somebody who is there.

use super::add::add;
use super::list::RowRequest;
use super::update::update;
use super::{PeopleError, store};
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    Added,
    /// With the picture that nothing shows any more.
    Updated(Option<String>),
}

/// Whether numbers of new people are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdAllocation {
    Taken,
    /// In a rehearsal new people get this number, which is rolled back with them.
    Lent(PersonId),
}

/// Adds or updates by username.
pub async fn import(
    tx: &mut Tx,
    wanted: &RowRequest,
    numbers: IdAllocation,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<ImportOutcome, PeopleError> {
    if let Some(there) = store::find_id(&mut **tx, wanted.username.as_str()).await? {
        if wanted.id.is_some_and(|id| id != there) {
            return Err(PeopleError::OtherNumber);
        }
        let before = store::find_picture(&mut **tx, there).await?;
        update(tx, there, &wanted.details, now, rng).await?;
        let stays = wanted.details.columns.profile_picture.is_keep();
        return Ok(ImportOutcome::Updated(before.filter(|_| !stays)));
    }
    let id = match numbers {
        IdAllocation::Taken => wanted.id,
        IdAllocation::Lent(lent) => wanted.id.or(Some(lent)),
    };
    add(tx, &wanted.username, id, &wanted.details, now, rng).await?;
    if let (Some(id), IdAllocation::Taken) = (wanted.id, numbers) {
        store::mark_numbers_taken(&mut **tx, id).await?;
    }
    Ok(ImportOutcome::Added)
}
