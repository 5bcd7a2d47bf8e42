//! The end of an app.

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::PersonId;

use super::App;
use super::Standing;
use super::model::AppsError;
use super::store;

/// Deletes an app with its secrets, what people allowed it and every token it holds. A verified one
/// stays: people rely on it, so an administrator decides.
pub(super) async fn delete(
    tx: &mut Tx,
    id: AppId,
    owner: PersonId,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<App, AppsError> {
    let app = store::find_own_to_change(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    if app.standing == Standing::Verified {
        return Err(AppsError::Verified);
    }
    store::delete_app(&mut **tx, id).await?;
    let entry = Entry::of("app.deleted").by(owner).on_app(id);
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok(app)
}
