//! Links an identity to an existing person.

use serde_json::json;

use super::credential_epoch::{lock_epoch, raise_credential_epoch};
use super::find_or_create::use_identity;
use super::identity::ProvenIdentity;
use super::{PeopleError, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::SessionRetention;

/// Links a proven identity to a person. Returns whether it is new.
///
/// The claims of a linked identity fill empty columns and never change a value.
///
/// [`PeopleError::Superseded`] if a credential event of the person came after the proof began. A new identity
/// is such an event itself; it ends no session.
pub async fn link(
    tx: &mut Tx,
    person: PersonId,
    ProvenIdentity { identity, epoch }: &ProvenIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    lock_epoch(tx, person, *epoch).await?;
    let before = store::find_owner(&mut **tx, identity.provider, &identity.subject).await?;
    let owner =
        store::insert_identity(tx, identity.provider, &identity.subject, person, now).await?;
    if owner != person {
        return Err(PeopleError::IdentityTaken);
    }
    use_identity(tx, identity, now).await?;
    let is_new = before.is_none();
    if is_new {
        raise_credential_epoch(tx, person, SessionRetention::All).await?;
        store::mark_not_authoritative(&mut **tx, identity.provider, &identity.subject).await?;
        if let Some(claims) = &identity.claims {
            store::fill_empty(&mut **tx, person, &claims.details.columns, now).await?;
        }
        let entry = AuditEntry::of("identity.linked").by(person).about(person);
        let entry = entry.with(json!({ "provider": identity.provider }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(is_new)
}
