//! What somebody allowed or took back, on record.

use serde_json::json;

use super::store;
use crate::people::fields::FieldSet;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;
use crate::platform::{audit, db};
use crate::protocol::scope::ScopeSet;

/// What was done with what the record lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum GrantEvent {
    Given,
    Withdrawn,
    TakenBack,
}

/// Notes a deed in the audit, and beside it what the app is called at this moment, for the receipt.
pub(super) async fn record(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    deed: GrantEvent,
    (scopes, fields): (ScopeSet, FieldSet),
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let (action, list) = match deed {
        GrantEvent::Given => ("grant.given", "given"),
        GrantEvent::Withdrawn => ("grant.withdrawn", "withdrawn"),
        GrantEvent::TakenBack => ("grant.taken_back", "withdrawn"),
    };
    let entry = AuditEntry::of(action).by(person).about(person).on_app(app);
    let entry = entry.with(json!({
        list: fields.names(),
        "scopes": scopes.names(),
    }));
    let id = audit::insert(&mut **tx, entry, now, rng).await?;
    store::insert_receipt(&mut **tx, id, person, app).await
}
