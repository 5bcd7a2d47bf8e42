//! Allowing an app something.

use super::record::{GrantEvent, record};
use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, GrantId, PersonId};
use crate::platform::rng::Rng;
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// Who decides what about which app.
#[derive(Debug, Clone, Copy)]
pub struct NewConsent {
    pub person: PersonId,
    pub app: AppId,
    pub asked: ScopeSet,
    /// What stayed ticked.
    pub chosen: GrantedAccess,
    /// How many people an unverified app may have.
    pub cap: i32,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOutcome {
    /// The grant, and what of this request it now allows.
    Grant { id: GrantId, share: GrantedAccess },
    /// The app is not verified and has as many people as it may.
    Full,
    /// The app is gone or was stopped while the page was open.
    Gone,
}

/// Creates or changes the grant. The cap counts every person ever admitted, the owner not; it is
/// judged under the app's row lock, so of many at once not one too many gets in.
pub async fn give(
    tx: &mut Tx,
    giving: &NewConsent,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<GrantOutcome> {
    let NewConsent {
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
        return Ok(GrantOutcome::Gone);
    };
    let newest = store::find_newest(&mut **tx, person, app).await?;
    if newest.is_none() && person != seats.owner {
        if !seats.is_verified && seats.admitted >= cap {
            return Ok(GrantOutcome::Full);
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
        let id = GrantId::new(now, rng);
        store::insert_grant(&mut **tx, id, person, app, &decided, now).await?;
        id
    };
    let share = decided
        .given
        .intersection(GrantedAccess::whole(rules::with_compulsory(asked)));
    // What was unticked now and not before is withdrawn, by another door.
    let gone = rules::lost(before.unwrap_or_default().given, decided.given);
    if !(gone.0.is_empty() && gone.1.is_empty()) {
        record(tx, (person, app), GrantEvent::Withdrawn, gone, now, rng).await?;
    }
    let given = (share.scopes(), share.fields());
    record(tx, (person, app), GrantEvent::Given, given, now, rng).await?;
    Ok(GrantOutcome::Grant { id, share })
}
