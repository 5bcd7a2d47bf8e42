//! Changes of an app by its owner.

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

/// What happens to the logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoUpdate {
    Keep,
    Remove,
    /// A file name under the data folder's pictures.
    Replace(String),
}

/// The result of an edit.
#[derive(Debug)]
pub enum EditResult {
    /// Saved. The file, if there is one, is the old logo, which nothing refers to any more.
    Saved(Option<String>),
    /// The app is verified and the edit changes verified fields: nothing is saved.
    Locked(Box<AppFormErrors>),
}

/// Saves an edit, completely or not at all. An app that becomes public loses its secrets, because it cannot
/// keep them (RFC 6749 §2.1).
pub async fn edit(
    tx: &mut Tx,
    id: AppId,
    owner: PersonId,
    update: (AppDetails, LogoUpdate),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<EditResult, AppsError> {
    let app = store::lock_own(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    let (details, logo) = update;
    let errors = rules::check_locked_fields(&app, &details, logo != LogoUpdate::Keep);
    if !errors.is_empty() {
        return Ok(EditResult::Locked(Box::new(errors)));
    }
    let mut changed = rules::changed_fields(&app.details, &details);
    let (new_logo, old_logo) = match logo {
        LogoUpdate::Keep => (app.logo, None),
        LogoUpdate::Remove => (None, app.logo),
        LogoUpdate::Replace(file) => (Some(file), app.logo),
    };
    let logo_changed = old_logo.is_some() || (new_logo.is_some() && old_logo != new_logo);
    if logo_changed {
        changed.push("logo");
    }
    if changed.is_empty() {
        return Ok(EditResult::Saved(None));
    }
    store::update_app(&mut **tx, id, &details, new_logo.as_deref(), now).await?;
    if details.kind == ClientType::Public {
        for secret in store::list_secrets(&mut **tx, id, SecretUse::Client).await? {
            rotate_secret::delete_secret(tx, id, (SecretUse::Client, secret.id), owner, now, rng)
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
    Ok(EditResult::Saved(old_logo))
}
