//! Whether an app may look people up, which the people who run the campus decide.

use super::model::AppsError;
use super::{App, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;

/// Lets the app of this client id look people up, or takes that back with every token it has.
pub(super) async fn allow(
    tx: &mut Tx,
    client_id: &str,
    allowed: bool,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<App, AppsError> {
    let app = store::find_by_client_id(&mut **tx, client_id).await?;
    let app = app.ok_or(AppsError::NotFound)?;
    let deed = if allowed {
        store::mark_looks_up(&mut **tx, app.id, now).await?;
        "look_ups.allowed"
    } else {
        store::mark_looks_up_no_more(&mut **tx, app.id).await?;
        "look_ups.ended"
    };
    let entry = AuditEntry::of(deed).on_app(app.id);
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(app)
}
