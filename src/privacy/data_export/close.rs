//! Closing an account.

use serde_json::json;

use super::store;
use crate::people::records;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::secret::TokenHash;
use crate::platform::{db, mail};
use crate::protocol::clients;
use crate::protocol::clients::AppStanding;

/// How it ended.
#[derive(Debug)]
pub(super) enum CloseOutcome {
    Closed,
    /// They run a verified app, of this name.
    RunsVerified(String),
}

/// Closes the account, ends every other session of it, and writes to the person.
pub(super) async fn close(
    tx: &mut Tx,
    person: PersonId,
    session: Option<TokenHash>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<CloseOutcome> {
    if let Some(verified) = find_verified(tx, person).await? {
        return Ok(CloseOutcome::RunsVerified(verified));
    }
    records::leave(tx, person, now, rng).await?;
    let but = session.map(TokenHash::to_vec).unwrap_or_default();
    store::delete_other_sessions(&mut **tx, person, &but).await?;
    let detail = json!({ "at": now.unix_timestamp() });
    mail::enqueue(&mut **tx, "account_closed", person, detail, now, rng).await?;
    Ok(CloseOutcome::Closed)
}

/// The name of a verified app that somebody runs.
pub(super) async fn find_verified(
    db: &mut db::Connection,
    person: PersonId,
) -> db::Result<Option<String>> {
    let own = clients::list_own(&mut *db, person).await?;
    let mut verified = own
        .into_iter()
        .filter(|(app, _)| app.standing == AppStanding::Verified);
    Ok(verified.next().map(|(app, _)| app.details.name.to_string()))
}
