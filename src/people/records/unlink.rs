//! Removes an identity from a person.

use serde_json::json;

use super::credential_epoch::raise_credential_epoch;
use super::{PeopleError, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::SessionRetention;

/// Removes an identity and ends the sessions that are not retained; returns whether the person had it. `on`
/// lists the providers that are enabled: the last identity at one of them cannot be removed
/// ([`PeopleError::LastIdentity`]).
pub async fn unlink(
    tx: &mut Tx,
    (person, retained): (PersonId, SessionRetention),
    (provider, subject): (&str, &str),
    on: &[&str],
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    // It locks the person: otherwise two removals at the same moment could remove the last two.
    raise_credential_epoch(tx, person, retained).await?;
    if !store::delete_identity(&mut **tx, person, provider, subject).await? {
        return Ok(false);
    }
    let left = store::list_identities(&mut **tx, person).await?;
    if !left.iter().any(|way| on.contains(&way.provider.as_str())) {
        return Err(PeopleError::LastIdentity);
    }
    let entry = AuditEntry::of("identity.unlinked").by(person).about(person);
    let entry = entry.with(json!({ "provider": provider }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(true)
}
