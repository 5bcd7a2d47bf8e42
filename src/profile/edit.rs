//! A section of a profile, changed by the person it is about.

use serde_json::json;

use crate::clock::Moment;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::PersonId;
use crate::mail;
use crate::people;
use crate::people::Details;
use crate::people::Edited;

use super::limits::Limits;
use super::model::ProfileError;

/// Changes what is given, and mails a link to every address that is new.
pub(super) async fn edit(
    tx: &mut Tx,
    person: PersonId,
    wanted: Details,
    limits: &Limits,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Edited, ProfileError> {
    let edited = people::edit(tx, person, wanted, now, entropy).await?;
    if edited.new_emails.is_empty() {
        return Ok(edited);
    }
    let emails = people::list_emails(&mut **tx, person).await?;
    let new = emails
        .into_iter()
        .filter(|email| edited.new_emails.contains(&email.id));
    for email in new {
        limits.take(person, &email.email, now)?;
        let detail = json!({ "address": email.id });
        mail::put(&mut **tx, mail::EMAIL_ADDED, person, detail, now, entropy).await?;
    }
    Ok(edited)
}
