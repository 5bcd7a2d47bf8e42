//! Withdrawing a part of a grant.

use super::record::{GrantEvent, record};
use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;
use crate::protocol::scope::GrantedAccess;

/// Removes `what` from the live grant, with effect from the next request of every token. Returns what was
/// removed: nothing if it was not granted, or if there is no live grant.
pub async fn withdraw_access(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    what: GrantedAccess,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<GrantedAccess> {
    // A consent takes the same lock, so that neither overwrites the other.
    store::lock_user_count(&mut **tx, app).await?;
    let newest = store::find_newest(&mut **tx, person, app).await?;
    let Some(live) = newest.filter(|newest| newest.is_live) else {
        return Ok(GrantedAccess::default());
    };
    let decided = rules::apply_withdrawal(live.decided, what);
    let (before, after) = (live.decided.given, decided.given);
    if before == after {
        return Ok(GrantedAccess::default());
    }
    store::mark_decided(&mut **tx, live.id, &decided, now).await?;
    let withdrawn = rules::find_lost_access(before, after);
    record(
        tx,
        (person, app),
        GrantEvent::Withdrawn,
        withdrawn,
        now,
        rng,
    )
    .await?;
    Ok(before.without(after))
}
