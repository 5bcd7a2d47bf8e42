//! Closes an account.

use serde_json::json;

use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;
use crate::platform::web::SessionRetention;
use crate::platform::{db, mail};
use crate::protocol::clients;
use crate::protocol::clients::AppStanding;

/// The outcome.
#[derive(Debug)]
pub(super) enum CloseOutcome {
    Closed,
    /// The person owns a verified app with this name.
    RunsVerified(String),
}

/// Closes the account, ends every other session, and mails the person.
pub(super) async fn close(
    tx: &mut Tx,
    person: PersonId,
    session: Option<SecretHash>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<CloseOutcome> {
    if let Some(verified) = find_verified_app(tx, person).await? {
        return Ok(CloseOutcome::RunsVerified(verified));
    }
    let who = (person, SessionRetention::Own(session));
    records::close_account(tx, who, now, rng).await?;
    let detail = json!({ "at": now.unix_timestamp() });
    mail::enqueue(&mut **tx, "account_closed", person, detail, now, rng).await?;
    Ok(CloseOutcome::Closed)
}

/// The name of a verified app that a person owns.
pub(super) async fn find_verified_app(
    db: &mut db::Connection,
    person: PersonId,
) -> db::Result<Option<String>> {
    let own = clients::list_own(&mut *db, person).await?;
    let mut verified = own
        .into_iter()
        .filter(|(app, _)| app.standing == AppStanding::Verified);
    Ok(verified.next().map(|(app, _)| app.details.name.to_string()))
}
