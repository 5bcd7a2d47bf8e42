//! Mails another link to an unverified address.

use serde_json::json;

use super::limits::ProfileLimits;
use super::model::ProfileError;
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::mail;
use crate::platform::rng::Rng;

/// Mails a link to an unverified address of this person, and returns the address.
pub(super) async fn resend_link(
    tx: &mut Tx,
    (person, epoch): (PersonId, CredentialEpoch),
    email: i32,
    limits: &ProfileLimits,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<String, ProfileError> {
    let emails = records::list_emails(&mut **tx, person).await?;
    let waiting = emails
        .into_iter()
        .find(|it| it.id == email && !it.is_verified)
        .ok_or(ProfileError::NoSuchEmail)?;
    limits.take(person, &waiting.email)?;
    let detail = json!({ "address": waiting.id, "epoch": epoch });
    mail::enqueue(&mut **tx, mail::EMAIL_ADDED, person, detail, now, rng).await?;
    Ok(waiting.email)
}
