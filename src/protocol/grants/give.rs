//! Allowing an app something.

use super::record::{Deed, record};
use super::{rules, store};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, GrantId, PersonId};
use crate::platform::rng::Entropy;
use crate::protocol::scope::{ScopeSet, Share};

/// Who decides what about which app.
#[derive(Debug, Clone, Copy)]
pub struct Giving {
    pub person: PersonId,
    pub app: AppId,
    pub asked: ScopeSet,
    /// What stayed ticked.
    pub chosen: Share,
    /// How many people an unverified app may have.
    pub cap: i32,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The grant, and what of this request it now allows.
    Grant { id: GrantId, share: Share },
    /// The app is not verified and has as many people as it may.
    Full,
    /// The app is gone or was stopped while the page was open.
    Gone,
}

/// Creates or changes the grant. The cap counts every person ever admitted, the owner not; it is
/// judged under the app's row lock, so of many at once not one too many gets in.
pub async fn give(
    tx: &mut Tx,
    giving: &Giving,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Given> {
    let Giving {
        person,
        app,
        asked,
        chosen,
        cap,
    } = *giving;
    let Some(seats) = store::lock_seats(&mut **tx, app)
        .await?
        .filter(|seats| !seats.is_suspended)
    else {
        return Ok(Given::Gone);
    };
    let newest = store::find_newest(&mut **tx, person, app).await?;
    if newest.is_none() && person != seats.owner {
        if !seats.is_verified && seats.admitted >= cap {
            return Ok(Given::Full);
        }
        store::take_seat(&mut **tx, app).await?;
    }
    let before = newest.as_ref().map(|newest| {
        if newest.is_live {
            newest.decided
        } else {
            newest.decided.ended()
        }
    });
    let decided = rules::after(before.unwrap_or_default(), asked, chosen);
    let id = if let Some(live) = newest.filter(|newest| newest.is_live) {
        store::mark_decided(&mut **tx, live.id, &decided, now).await?;
        live.id
    } else {
        let id = GrantId::new(now, entropy);
        store::insert_grant(&mut **tx, id, person, app, &decided, now).await?;
        id
    };
    let share = decided
        .given
        .intersection(Share::whole(rules::with_compulsory(asked)));
    // What was unticked now and not before is withdrawn, by another door.
    let gone = rules::lost(before.unwrap_or_default().given, decided.given);
    if !(gone.0.is_empty() && gone.1.is_empty()) {
        record(tx, (person, app), Deed::Withdrawn, gone, now, entropy).await?;
    }
    let given = (share.scopes(), share.fields());
    record(tx, (person, app), Deed::Given, given, now, entropy).await?;
    Ok(Given::Grant { id, share })
}
