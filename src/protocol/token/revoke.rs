//! Taking a token back at its client's wish (RFC 7009).

use super::model::TokenClient;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::{audit, db};

/// Ends the pair a token belongs to; if it was the person's last with this app, the grant ends too.
/// An unknown token and another app's change nothing, and the client is not told which it was.
pub(super) async fn revoke(
    tx: &mut Tx,
    client: &TokenClient,
    token: &Secret,
    lifetimes: &Lifetimes,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let facts = store::find_pair(&mut **tx, token.token_hash(), true).await?;
    let Some(facts) = facts.filter(|facts| facts.lineage.app == client.app) else {
        return Ok(());
    };
    let oldest_usable = now - lifetimes.refresh_token;
    let oldest_family = now - lifetimes.family;
    let grant = facts.lineage.grant;
    let ended = store::revoke(
        &mut **tx,
        facts.id,
        grant,
        oldest_usable,
        oldest_family,
        now,
    )
    .await?;
    let action = if ended {
        "grant.revoked_by_app"
    } else {
        "token.revoked"
    };
    let entry = AuditEntry::of(action)
        .on_app(client.app)
        .about(facts.lineage.person);
    audit::record(&mut **tx, entry, now, rng).await
}
