//! A row of a list: somebody new, or something else about somebody who is there.

use super::add::add;
use super::list::Wanted;
use super::update::update;
use super::{PeopleError, store};
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Entropy;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    Added,
    /// With the picture that nothing shows any more.
    Updated(Option<String>),
}

/// Whether numbers of new people are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    Taken,
    /// In a rehearsal new people get this number, which is rolled back with them.
    Lent(PersonId),
}

/// Adds or updates by username.
pub async fn import(
    tx: &mut Tx,
    wanted: &Wanted,
    numbers: Numbers,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Imported, PeopleError> {
    if let Some(there) = store::find_id(&mut **tx, wanted.username.as_str()).await? {
        if wanted.id.is_some_and(|id| id != there) {
            return Err(PeopleError::OtherNumber);
        }
        let before = store::find_picture(&mut **tx, there).await?;
        update(tx, there, &wanted.details, now, entropy).await?;
        let stays = wanted.details.columns.profile_picture.is_keep();
        return Ok(Imported::Updated(before.filter(|_| !stays)));
    }
    let id = match numbers {
        Numbers::Taken => wanted.id,
        Numbers::Lent(lent) => wanted.id.or(Some(lent)),
    };
    add(tx, &wanted.username, id, &wanted.details, now, entropy).await?;
    if let (Some(id), Numbers::Taken) = (wanted.id, numbers) {
        store::mark_numbers_taken(&mut **tx, id).await?;
    }
    Ok(Imported::Added)
}
