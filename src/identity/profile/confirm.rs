//! Confirms a secondary address and reports it to the primary one.

use serde_json::json;

use super::model::ProfileError;
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::mail;
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;

/// Confirms and returns the address that this link was mailed to, and mails the primary address: if another
/// person confirmed it, the owner learns of it there. None for an invalid link.
pub(super) async fn confirm(
    tx: &mut Tx,
    person: PersonId,
    link: SecretHash,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Option<String>, ProfileError> {
    let Some(email) = records::confirm(tx, person, link, now, rng).await? else {
        return Ok(None);
    };
    let detail = json!({ "further": email.id, "at": now.unix_timestamp() });
    mail::enqueue(&mut **tx, "email_confirmed", person, detail, now, rng).await?;
    Ok(Some(email.email))
}
