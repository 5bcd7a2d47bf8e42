//! One way of signing in less for somebody.

use serde_json::json;

use super::{PeopleError, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// Takes a way of signing in from somebody; whether they had it is the answer. `on` are the providers
/// that are switched on here: one identity of theirs stays with them ([`PeopleError::LastWayIn`]).
pub async fn unlink(
    tx: &mut Tx,
    person: PersonId,
    (provider, subject): (&str, &str),
    on: &[&str],
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    // Two that are removed at the same moment would each be the one that is not the last.
    store::lock(tx, person).await?.ok_or(PeopleError::Nobody)?;
    if !store::delete_identity(&mut **tx, person, provider, subject).await? {
        return Ok(false);
    }
    let left = store::list_ways_in(&mut **tx, person).await?;
    if !left.iter().any(|way| on.contains(&way.provider.as_str())) {
        return Err(PeopleError::LastWayIn);
    }
    let entry = AuditEntry::of("identity.unlinked").by(person).about(person);
    let entry = entry.with(json!({ "provider": provider }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(true)
}
