//! From a proven identity to the person it belongs to.

use crate::clock::Moment;
use crate::db::Tx;

use super::PeopleError;
use super::Person;
use super::store;

/// The person who signs in with this identity, noted as used now. Nobody for one that belongs to
/// nobody, or to somebody suspended.
pub async fn recognise(
    tx: &mut Tx,
    provider: &str,
    subject: &str,
    now: Moment,
) -> Result<Option<Person>, PeopleError> {
    let Some(id) = store::mark_identity_used(&mut **tx, provider, subject, now).await? else {
        return Ok(None);
    };
    Ok(store::find(&mut **tx, id).await?)
}
