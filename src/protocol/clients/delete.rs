//! The end of an app.

use super::model::AppsError;
use super::{App, Standing, store};
use crate::platform::audit;
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Entropy;

/// Deletes an app with its secrets, what people allowed it and every token it holds. A verified one
/// stays: people rely on it, so an administrator decides.
pub async fn delete(
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
