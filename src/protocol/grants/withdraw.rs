//! Taking a part back from an app.

use super::record::{Deed, record};
use super::{rules, store};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Entropy;
use crate::protocol::scope::Share;

/// Takes `what` out of the live grant; the next request of every token goes without it. Says what was
/// taken out: nothing if it was not given, or if the app is not connected.
pub async fn withdraw(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    what: Share,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Share> {
    // Consents hold the same lock, so that neither undoes the other.
    store::lock_seats(&mut **tx, app).await?;
    let newest = store::find_newest(&mut **tx, person, app).await?;
    let Some(live) = newest.filter(|newest| newest.is_live) else {
        return Ok(Share::default());
    };
    let decided = rules::after_withdrawal(live.decided, what);
    let (before, after) = (live.decided.given, decided.given);
    if before == after {
        return Ok(Share::default());
    }
    store::mark_decided(&mut **tx, live.id, &decided, now).await?;
    let gone = rules::lost(before, after);
    record(tx, (person, app), Deed::Withdrawn, gone, now, entropy).await?;
    Ok(before.without(after))
}
