//! Audit entries and receipts of grants.

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

/// What happened to the scopes and fields of the record.
#[derive(Debug, Clone, Copy)]
pub(super) enum GrantEvent {
    Given,
    Withdrawn,
    Ended,
}

/// Writes an audit entry, and the app's present name for the receipt.
pub(super) async fn record(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    event: GrantEvent,
    (scopes, fields): (ScopeSet, FieldSet),
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let (action, list) = match event {
        GrantEvent::Given => ("grant.given", "given"),
        GrantEvent::Withdrawn => ("grant.withdrawn", "withdrawn"),
        GrantEvent::Ended => ("grant.ended", "withdrawn"),
    };
    let entry = AuditEntry::of(action).by(person).about(person).on_app(app);
    let entry = entry.with(json!({
        list: fields.names(),
        "scopes": scopes.names(),
    }));
    let id = audit::insert(&mut **tx, entry, now, rng).await?;
    store::insert_receipt(&mut **tx, id, person, app).await
}
