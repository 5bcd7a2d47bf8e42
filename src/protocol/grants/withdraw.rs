//! Taking a part back from an app.

use super::record::{GrantEvent, record};
use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;
use crate::protocol::scope::GrantedAccess;

/// Takes `what` out of the live grant; the next request of every token goes without it. Says what was
/// taken out: nothing if it was not given, or if the app is not connected.
pub async fn withdraw(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    what: GrantedAccess,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<GrantedAccess> {
    // Consents hold the same lock, so that neither undoes the other.
    store::lock_seats(&mut **tx, app).await?;
    let newest = store::find_newest(&mut **tx, person, app).await?;
    let Some(live) = newest.filter(|newest| newest.is_live) else {
        return Ok(GrantedAccess::default());
    };
    let decided = rules::after_withdrawal(live.decided, what);
    let (before, after) = (live.decided.given, decided.given);
    if before == after {
        return Ok(GrantedAccess::default());
    }
    store::mark_decided(&mut **tx, live.id, &decided, now).await?;
    let gone = rules::lost(before, after);
    record(tx, (person, app), GrantEvent::Withdrawn, gone, now, rng).await?;
    Ok(before.without(after))
}
