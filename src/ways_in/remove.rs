//! Taking a way to sign in away.

use serde_json::json;

use crate::clock::Moment;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::PersonId;
use crate::mail;
use crate::people;
use crate::people::PeopleError;
use crate::upstream::Registry;
use crate::upstream::Way;

/// Takes it away, and tells the person by mail. It stays if no other way is left that works here.
pub(super) async fn remove(
    tx: &mut Tx,
    person: PersonId,
    (provider, subject): (&str, &str),
    ways: &Registry,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<(), PeopleError> {
    let on: Vec<&str> = ways.iter().map(Way::slug).collect();
    if people::unlink(tx, person, (provider, subject), &on, now, entropy).await? {
        let detail = json!({ "at": now.unix_timestamp() });
        mail::put(&mut **tx, "way_in_removed", person, detail, now, entropy).await?;
    }
    Ok(())
}
