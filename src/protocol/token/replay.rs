//! What follows when a used code or refresh token comes back: two parties hold it, and we cannot know
//! which is the thief, so everything that descends from it ends.

use serde_json::json;

use super::model::TokenContext;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, FamilyId, PersonId};
use crate::platform::rng::Rng;
use crate::platform::{audit, db, mail};

/// What was replayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replay {
    app: AppId,
    person: PersonId,
    family: FamilyId,
    what: ReplayedCredential,
}

#[derive(Debug, Clone, Copy)]
enum ReplayedCredential {
    Code,
    RefreshToken,
}

impl Replay {
    pub(super) fn of_code(lineage: &TokenContext) -> Self {
        Self::of(lineage, ReplayedCredential::Code)
    }

    pub(super) fn of_refresh_token(lineage: &TokenContext) -> Self {
        Self::of(lineage, ReplayedCredential::RefreshToken)
    }

    fn of(lineage: &TokenContext, what: ReplayedCredential) -> Self {
        Self {
            app: lineage.app,
            person: lineage.person,
            family: lineage.family,
            what,
        }
    }
}

/// Ends the family, writes it down, and tells the person if a token was the matter. Once: what has
/// ended already is not told again.
pub(super) async fn end_family(
    tx: &mut Tx,
    replay: Replay,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let (reason, action) = match replay.what {
        ReplayedCredential::Code => ("code_replayed", "code.replayed"),
        ReplayedCredential::RefreshToken => ("token_replayed", "token.replayed"),
    };
    if !store::mark_family_ended(&mut **tx, replay.family, reason, now).await? {
        return Ok(());
    }
    let entry = AuditEntry::of(action)
        .on_app(replay.app)
        .about(replay.person);
    let entry = entry.with(json!({ "family": replay.family }));
    audit::record(&mut **tx, entry, now, rng).await?;
    if matches!(replay.what, ReplayedCredential::RefreshToken) {
        let detail = json!({ "app": replay.app, "at": now.unix_timestamp() });
        mail::enqueue(&mut **tx, "token_replayed", replay.person, detail, now, rng).await?;
    }
    Ok(())
}
