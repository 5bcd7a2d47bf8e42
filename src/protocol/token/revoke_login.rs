//! Ends a login of an app at the app's request (RFC 7009).

use super::model::TokenContext;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// Ends a login once, with all tokens that descend from its code. If it was the last usable one of its
/// grant, the grant ends, too.
pub(super) async fn revoke_login(
    tx: &mut Tx,
    login: &TokenContext,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    if !store::mark_family_ended(&mut **tx, login.family, "revoked", now).await? {
        return Ok(());
    }
    let oldest_usable = now - lifetimes.refresh_token;
    let oldest_family = now - lifetimes.family;
    let (grant, family) = (login.grant, login.family);
    let grant_ended =
        store::mark_unused_grant_ended(&mut **tx, grant, family, oldest_usable, oldest_family, now);
    let action = if grant_ended.await? {
        "grant.revoked_by_app"
    } else {
        "token.revoked"
    };
    let entry = AuditEntry::of(action).on_app(login.app).about(login.person);
    audit::record(&mut **tx, entry, now, rng).await
}
