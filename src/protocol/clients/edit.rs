//! What its owner changes about an app.

use serde_json::json;

use super::model::{AppsError, SecretUse};
use super::rules::Complaints;
use super::{Details, Kind, rotate_secret, rules, store};
use crate::platform::audit;
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Entropy;

/// What becomes of the logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logo {
    Stays,
    Goes,
    /// A file name under the data folder's pictures.
    Becomes(String),
}

/// How an edit ended.
#[derive(Debug)]
pub enum Outcome {
    /// Kept. The file, if any, is a logo that is no longer shown anywhere.
    Saved(Option<String>),
    /// The app is verified and this would change what was verified: nothing is kept.
    Locked(Box<Complaints>),
}

/// Keeps what was changed, whole or not at all. An app that becomes public loses its secrets: it has
/// nowhere to keep them.
pub async fn edit(
    tx: &mut Tx,
    id: AppId,
    owner: PersonId,
    wanted: (Details, Logo),
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Outcome, AppsError> {
    let app = store::find_own_to_change(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    let (details, logo) = wanted;
    let complaints = rules::locked(&app, &details, logo != Logo::Stays);
    if !complaints.is_empty() {
        return Ok(Outcome::Locked(Box::new(complaints)));
    }
    let mut changed = rules::changed(&app.details, &details);
    let (kept, dropped) = match logo {
        Logo::Stays => (app.logo, None),
        Logo::Goes => (None, app.logo),
        Logo::Becomes(file) => (Some(file), app.logo),
    };
    let logo_changed = dropped.is_some() || (kept.is_some() && dropped != kept);
    if logo_changed {
        changed.push("logo");
    }
    if changed.is_empty() {
        return Ok(Outcome::Saved(None));
    }
    store::update_app(&mut **tx, id, &details, kept.as_deref(), now).await?;
    if details.kind == Kind::Public {
        for secret in store::list_secrets(&mut **tx, id, SecretUse::Client).await? {
            rotate_secret::drop_secret(tx, id, (SecretUse::Client, secret.id), owner, now, entropy)
                .await?;
        }
    }
    let entry = Entry::of("app.edited").by(owner).on_app(id);
    audit::note(
        &mut **tx,
        entry.with(json!({ "changed": changed })),
        now,
        entropy,
    )
    .await?;
    Ok(Outcome::Saved(dropped))
}
