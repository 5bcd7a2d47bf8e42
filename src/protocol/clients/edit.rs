//! What its owner changes about an app.

use serde_json::json;

use super::model::{AppsError, SecretUse};
use super::rules::AppFormErrors;
use super::{AppDetails, ClientType, rotate_secret, rules, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;

/// What becomes of the logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoUpdate {
    Stays,
    Goes,
    /// A file name under the data folder's pictures.
    Becomes(String),
}

/// How an edit ended.
#[derive(Debug)]
pub enum EditResult {
    /// Kept. The file, if any, is a logo that is no longer shown anywhere.
    Saved(Option<String>),
    /// The app is verified and this would change what was verified: nothing is kept.
    Locked(Box<AppFormErrors>),
}

/// Keeps what was changed, whole or not at all. An app that becomes public loses its secrets: it has
/// nowhere to keep them.
pub async fn edit(
    tx: &mut Tx,
    id: AppId,
    owner: PersonId,
    wanted: (AppDetails, LogoUpdate),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<EditResult, AppsError> {
    let app = store::find_own_to_change(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    let (details, logo) = wanted;
    let complaints = rules::locked(&app, &details, logo != LogoUpdate::Stays);
    if !complaints.is_empty() {
        return Ok(EditResult::Locked(Box::new(complaints)));
    }
    let mut changed = rules::changed(&app.details, &details);
    let (kept, dropped) = match logo {
        LogoUpdate::Stays => (app.logo, None),
        LogoUpdate::Goes => (None, app.logo),
        LogoUpdate::Becomes(file) => (Some(file), app.logo),
    };
    let logo_changed = dropped.is_some() || (kept.is_some() && dropped != kept);
    if logo_changed {
        changed.push("logo");
    }
    if changed.is_empty() {
        return Ok(EditResult::Saved(None));
    }
    store::update_app(&mut **tx, id, &details, kept.as_deref(), now).await?;
    if details.kind == ClientType::Public {
        for secret in store::list_secrets(&mut **tx, id, SecretUse::Client).await? {
            rotate_secret::drop_secret(tx, id, (SecretUse::Client, secret.id), owner, now, rng)
                .await?;
        }
    }
    let entry = AuditEntry::of("app.edited").by(owner).on_app(id);
    audit::record(
        &mut **tx,
        entry.with(json!({ "changed": changed })),
        now,
        rng,
    )
    .await?;
    Ok(EditResult::Saved(dropped))
}
