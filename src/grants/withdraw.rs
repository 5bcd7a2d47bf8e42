//! Taking a part back from an app.

use crate::clock::Moment;
use crate::db;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::PersonId;
use crate::scope::Share;

use super::record::Deed;
use super::record::record;
use super::rules;
use super::store;

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
