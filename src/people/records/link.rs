//! A further way of signing in for somebody who is here.

use serde_json::json;

use super::identity::ExternalIdentity;
use super::join::use_identity;
use super::{PeopleError, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// Gives a proven identity to somebody who is here. Whether it was not theirs before is the answer.
///
/// It is a way in, and fills in what nobody has said of the person yet; it never changes what is there.
pub async fn link(
    tx: &mut Tx,
    person: PersonId,
    identity: &ExternalIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    store::lock(tx, person).await?.ok_or(PeopleError::Nobody)?;
    let before = store::find_owner(&mut **tx, identity.provider, &identity.subject).await?;
    let owner =
        store::insert_identity(tx, identity.provider, &identity.subject, person, now).await?;
    if owner != person {
        return Err(PeopleError::IdentityTaken);
    }
    use_identity(tx, identity, now).await?;
    let is_new = before.is_none();
    if is_new {
        store::mark_not_vouching(&mut **tx, identity.provider, &identity.subject).await?;
        if let Some(says) = &identity.says {
            store::fill(&mut **tx, person, &says.details.columns, now).await?;
        }
        let entry = AuditEntry::of("identity.linked").by(person).about(person);
        let entry = entry.with(json!({ "provider": identity.provider }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(is_new)
}
