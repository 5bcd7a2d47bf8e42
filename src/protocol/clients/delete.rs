//! Deletes apps.

use super::model::AppsError;
use super::{App, AppStanding, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;

/// Deletes an app with its secrets, its grants and its tokens. The owner cannot delete a verified app,
/// because people rely on it.
pub async fn delete(
    tx: &mut Tx,
    id: AppId,
    owner: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<App, AppsError> {
    let app = store::lock_own(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    if app.standing == AppStanding::Verified {
        return Err(AppsError::Verified);
    }
    store::delete_app(&mut **tx, id).await?;
    let entry = AuditEntry::of("app.deleted").by(owner).on_app(id);
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(app)
}
