//! The permission to look people up, which only the command line gives.

use super::model::AppsError;
use super::{App, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;

/// Gives an app the permission to look people up, or withdraws it with every look-up token of the app.
pub(super) async fn allow_look_ups(
    tx: &mut Tx,
    client_id: &str,
    allowed: bool,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<App, AppsError> {
    let app = store::find_by_client_id(&mut **tx, client_id).await?;
    let app = app.ok_or(AppsError::NotFound)?;
    let event = if allowed {
        store::mark_looks_up(&mut **tx, app.id, now).await?;
        "look_ups.allowed"
    } else {
        store::unmark_looks_up(&mut **tx, app.id).await?;
        "look_ups.ended"
    };
    let entry = AuditEntry::of(event).on_app(app.id);
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(app)
}
