//! A used code or refresh token was presented again: two parties hold it, and the server cannot tell which
//! of them is the thief. Every token that descends from the same code ends.

use std::time::Duration;

use serde_json::json;

use super::model::TokenContext;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, FamilyId, GrantId, PersonId};
use crate::platform::rng::Rng;
use crate::platform::{audit, db, mail};

/// The token family of what was replayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplayedFamily {
    app: AppId,
    person: PersonId,
    grant: GrantId,
    family: FamilyId,
}

impl From<&TokenContext> for ReplayedFamily {
    fn from(context: &TokenContext) -> Self {
        Self {
            app: context.app,
            person: context.person,
            grant: context.grant,
            family: context.family,
        }
    }
}

/// Ends the family of a replayed code (RFC 6749 §4.1.2).
pub(super) async fn revoke_family_of_code(
    tx: &mut Tx,
    replayed: ReplayedFamily,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    revoke_family(tx, replayed, ("code_replayed", "code.replayed"), now, rng).await?;
    Ok(())
}

/// A person gets at most one mail about an app in this time, so that the mails keep their weight.
const MAIL_INTERVAL: Duration = Duration::from_hours(24);

/// Ends the family of a replayed refresh token (RFC 9700 §4.14.2), and mails the person the first time.
pub(super) async fn revoke_family_of_refresh_token(
    tx: &mut Tx,
    replayed: ReplayedFamily,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let reason = ("token_replayed", "token.replayed");
    if revoke_family(tx, replayed, reason, now, rng).await?
        && store::mark_replay_mailed(&mut **tx, replayed.grant, now - MAIL_INTERVAL, now).await?
    {
        let detail = json!({ "app": replayed.app, "at": now.unix_timestamp() });
        mail::enqueue(
            &mut **tx,
            "token_replayed",
            replayed.person,
            detail,
            now,
            rng,
        )
        .await?;
    }
    Ok(())
}

/// False if the family had ended before.
async fn revoke_family(
    tx: &mut Tx,
    replayed: ReplayedFamily,
    (reason, action): (&str, &'static str),
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<bool> {
    if !store::mark_family_ended(&mut **tx, replayed.family, reason, now).await? {
        return Ok(false);
    }
    let entry = AuditEntry::of(action)
        .on_app(replayed.app)
        .about(replayed.person);
    let entry = entry.with(json!({ "family": replayed.family }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(true)
}
