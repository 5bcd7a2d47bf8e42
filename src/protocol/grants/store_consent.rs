//! Storing a consent as a grant.

use super::record::{GrantEvent, record};
use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, GrantId, PersonId};
use crate::platform::rng::Rng;
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// A person's consent to a request of an app.
#[derive(Debug, Clone, Copy)]
pub struct NewConsent {
    pub person: PersonId,
    pub app: AppId,
    pub requested: ScopeSet,
    /// What the person left ticked.
    pub chosen: GrantedAccess,
    /// How many people an unverified app may serve.
    pub cap: i32,
}

/// The outcome of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOutcome {
    /// The grant, and what it now allows of this request.
    Grant { id: GrantId, granted: GrantedAccess },
    /// The app is not verified and serves as many people as it may.
    CapReached,
    /// The app was deleted or suspended while the page was open.
    AppUnavailable,
}

/// Creates or changes the grant. The cap counts every person who ever had a grant, except the owner. It is
/// checked under a lock of the app's row, so concurrent consents cannot exceed it.
pub async fn store_consent(
    tx: &mut Tx,
    consent: &NewConsent,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<GrantOutcome> {
    let NewConsent {
        person,
        app,
        requested,
        chosen,
        cap,
    } = *consent;
    let Some(user_count) = store::lock_user_count(&mut **tx, app)
        .await?
        .filter(|user_count| !user_count.is_suspended)
    else {
        return Ok(GrantOutcome::AppUnavailable);
    };
    let newest = store::find_newest(&mut **tx, person, app).await?;
    if newest.is_none() && person != user_count.owner {
        if !user_count.is_verified && user_count.admitted >= cap {
            return Ok(GrantOutcome::CapReached);
        }
        store::increment_user_count(&mut **tx, app).await?;
    }
    let before = newest.as_ref().map(|newest| {
        if newest.is_live {
            newest.decided
        } else {
            newest.decided.ended()
        }
    });
    let decided = rules::apply_consent(before.unwrap_or_default(), requested, chosen);
    let id = if let Some(live) = newest.filter(|newest| newest.is_live) {
        store::mark_decided(&mut **tx, live.id, &decided, now).await?;
        live.id
    } else {
        let id = GrantId::new(now, rng);
        store::insert_grant(&mut **tx, id, person, app, &decided, now).await?;
        id
    };
    let granted = decided
        .given
        .intersection(GrantedAccess::whole(rules::with_required_scope(requested)));
    // Unticking what was granted before withdraws it.
    let withdrawn = rules::find_lost_access(before.unwrap_or_default().given, decided.given);
    if !(withdrawn.0.is_empty() && withdrawn.1.is_empty()) {
        record(
            tx,
            (person, app),
            GrantEvent::Withdrawn,
            withdrawn,
            now,
            rng,
        )
        .await?;
    }
    let given = (granted.scopes(), granted.fields());
    record(tx, (person, app), GrantEvent::Given, given, now, rng).await?;
    Ok(GrantOutcome::Grant { id, granted })
}
