//! Saves a section of a profile.

use serde_json::json;

use super::limits::ProfileLimits;
use super::model::ProfileError;
use crate::people::records;
use crate::people::records::{EditOutcome, PersonUpdate};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::mail;
use crate::platform::rng::Rng;

/// Writes an update, and mails a link to every new address.
pub(super) async fn edit(
    tx: &mut Tx,
    (person, epoch): (PersonId, CredentialEpoch),
    update: PersonUpdate,
    limits: &ProfileLimits,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<EditOutcome, ProfileError> {
    let edited = records::edit(tx, person, update, now, rng).await?;
    if edited.new_emails.is_empty() {
        return Ok(edited);
    }
    let emails = records::list_emails(&mut **tx, person).await?;
    let new = emails
        .into_iter()
        .filter(|email| edited.new_emails.contains(&email.id));
    for email in new {
        limits.take(person, &email.email)?;
        let detail = json!({ "address": email.id, "epoch": epoch });
        mail::enqueue(&mut **tx, mail::EMAIL_ADDED, person, detail, now, rng).await?;
    }
    Ok(edited)
}
