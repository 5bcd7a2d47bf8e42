//! Removes a linked identity.

use serde_json::json;

use crate::connectors::{ConnectorRegistry, DynConnector};
use crate::people::records;
use crate::people::records::PeopleError;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::mail;
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;
use crate::platform::web::SessionRetention;

/// Removes an identity and mails the person, unless it is the last one at an enabled connector.
///
/// Every session but `own`, the current one, ends: another person may have begun one with this identity.
pub(super) async fn remove(
    tx: &mut Tx,
    (person, own): (PersonId, Option<SecretHash>),
    (provider, subject): (&str, &str),
    ways: &ConnectorRegistry,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    let on: Vec<&str> = ways.iter().map(DynConnector::slug).collect();
    let who = (person, SessionRetention::Own(own));
    if records::unlink(tx, who, (provider, subject), &on, now, rng).await? {
        let detail = json!({ "at": now.unix_timestamp() });
        mail::enqueue(&mut **tx, "way_in_removed", person, detail, now, rng).await?;
    }
    Ok(())
}
