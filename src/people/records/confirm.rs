//! Confirms a secondary address.

use super::model::OwnEmail;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;
use crate::platform::{audit, db};

/// Verifies the address that this link was mailed to, and returns it, if the address is this person's and
/// the link is valid. No link works twice.
pub async fn confirm(
    tx: &mut Tx,
    person: PersonId,
    link: SecretHash,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Option<OwnEmail>> {
    let email = store::mark_email_verified(&mut **tx, person, link, now).await?;
    if email.is_some() {
        let entry = AuditEntry::of("email.verified").by(person).about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(email)
}
