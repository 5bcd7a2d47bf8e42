//! A further address that turned out to be read by its owner.

use super::model::OwnEmail;
use super::store;
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Entropy;
use crate::platform::secret::Fingerprint;
use crate::platform::{audit, db};

/// Verifies the address that this link was mailed to, if it is this person's and the link still good: it is
/// the answer. No link works twice.
pub async fn confirm(
    tx: &mut Tx,
    person: PersonId,
    link: Fingerprint,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Option<OwnEmail>> {
    let email = store::mark_email_verified(&mut **tx, person, link, now).await?;
    if email.is_some() {
        let entry = Entry::of("email.verified").by(person).about(person);
        audit::note(&mut **tx, entry, now, entropy).await?;
    }
    Ok(email)
}
