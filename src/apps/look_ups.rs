//! Looking people up: whether an app may, which the people who run the campus decide, and with what token.

use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::PersonId;
use crate::id::SecretId;
use crate::mail;
use crate::secret::Secret;

use super::App;
use super::model::AppsError;
use super::rotate_secret;
use super::rotate_secret::Change;
use super::store;

/// In front of every look-up token, so that scanners of code find one that was committed by mistake.
const MARK: &str = "pfl";

/// Lets the app of this client id look people up, or takes that back with every token it has.
pub(super) async fn allow(
    tx: &mut Tx,
    client_id: &str,
    allowed: bool,
    now: Moment,
    entropy: &dyn Entropy,
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
    let entry = Entry::of(deed).on_app(app.id);
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok(app)
}

/// Makes a look-up token, ends the older of two, and tells the owner by mail. If another than the one
/// shown would stay, nothing is done: the person agreed to something else.
pub(super) async fn make_token(
    tx: &mut Tx,
    (id, owner): (AppId, PersonId),
    shown: Option<SecretId>,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<(Secret, SecretId), AppsError> {
    let app = store::find_own_to_change(&mut **tx, id, owner).await?;
    app.ok_or(AppsError::NotFound)?;
    let since = store::find_looks_up_since(&mut **tx, id).await?;
    since.ok_or(AppsError::NotFound)?;
    let live = store::list_look_up_tokens(&mut **tx, id).await?;
    let Change { stays, drops } = rotate_secret::change(live);
    if shown != stays.map(|stays| stays.id) {
        return Err(AppsError::Changed);
    }
    if let Some(old) = drops {
        store::delete_look_up_token(&mut **tx, old.id).await?;
    }
    let (token, known) = rotate_secret::mint(MARK, now, entropy);
    store::insert_look_up_token(&mut **tx, id, &known, token.fingerprint()).await?;
    let entry = Entry::of("look_up_token.made").by(owner).on_app(id);
    let entry = entry.with(json!({ "token": known.id }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    // Whoever sat down at somebody else's browser could have made it.
    let detail = json!({ "app": id, "at": now.unix_timestamp() });
    mail::put(&mut **tx, "look_up_token_made", owner, detail, now, entropy).await?;
    Ok((token, known.id))
}
