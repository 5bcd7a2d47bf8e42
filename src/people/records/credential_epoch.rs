//! The credential epoch of a person: raised by every credential event, compared by everything that began
//! before and wants to write.
//!
//! Both take the lock of the person's row, so an event and a write come one after the other. Either the
//! write is first, and the event ends what it wrote; or the event is first, and the write is refused.

use super::{PeopleError, store};
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::web::{SessionRetention, renew_sessions};

/// Why a transaction may not write for a person.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// A credential event came in between, or the person is suspended or deleted.
    #[error("a credential event came in between")]
    Superseded,
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl From<EpochError> for PeopleError {
    fn from(error: EpochError) -> Self {
        match error {
            EpochError::Superseded => Self::Superseded,
            EpochError::Store(error) => error.into(),
        }
    }
}

/// Raises a person's epoch, and ends the sessions that are not retained. Returns how many there were.
///
/// A credential event begins its transaction with this: what it changes afterwards includes everything that
/// was written before it.
pub async fn raise_credential_epoch(
    tx: &mut Tx,
    person: PersonId,
    retained: SessionRetention,
) -> db::Result<u64> {
    let Some(before) = store::lock_epoch(tx, person).await? else {
        return Ok(0);
    };
    let after = store::raise_epoch(tx, person).await?;
    renew_sessions(tx, person, retained, before.epoch, after).await
}

/// Locks a person until the transaction ends, unless a credential event came after `seen`. Returns the
/// person's epoch.
pub async fn lock_epoch(
    tx: &mut Tx,
    person: PersonId,
    seen: CredentialEpoch,
) -> Result<CredentialEpoch, EpochError> {
    let row = store::lock_epoch(tx, person).await?;
    row.filter(|row| !row.is_suspended && seen.covers(row.epoch))
        .map(|row| row.epoch)
        .ok_or(EpochError::Superseded)
}
