//! An address turned out to be read by its owner, who is told so at the primary one.

use serde_json::json;

use super::model::ProfileError;
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::mail;
use crate::platform::rng::Rng;
use crate::platform::secret::TokenHash;

/// Confirms the address this link was mailed to, which is the answer, and writes to the primary address:
/// should it not have been the person, they learn of it where nobody else reads. Nothing if the link proves
/// nothing.
pub(super) async fn confirm(
    tx: &mut Tx,
    person: PersonId,
    link: TokenHash,
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
