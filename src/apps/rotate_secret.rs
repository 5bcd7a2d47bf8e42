//! A new secret beside the one in use, so that a developer can change over without a gap.

use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::PersonId;
use crate::id::SecretId;
use crate::mail;
use crate::secret::Secret;

use super::Kind;
use super::model::AppsError;
use super::model::KnownSecret;
use super::store;

/// How many of an app's secrets may live.
const LIVE: usize = 2;
/// In front of every client secret, so that scanners of code find one that was committed by mistake.
const MARK: &str = "pfs";
/// How much of a secret its owner sees later.
const HINT: usize = 4;

/// What a person is told before they make a secret: the one that stays beside it, the one that it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub stays: Option<KnownSecret>,
    pub drops: Option<KnownSecret>,
}

/// Which of the live secrets, the oldest first, a new one ends: none while there is room, else the oldest.
pub(super) fn change(mut live: Vec<KnownSecret>) -> Change {
    let stays = live.pop();
    let is_full = live.len() + 1 >= LIVE;
    let drops = live.into_iter().next().filter(|_| is_full);
    Change { stays, drops }
}

/// Who wants a new secret for which app.
#[derive(Debug)]
pub(super) struct Wish {
    pub app: AppId,
    pub owner: PersonId,
    /// The secret that the person was told would stay.
    pub shown: Option<SecretId>,
}

/// Makes a secret, ends the older of two, and tells the owner by mail. If another than the one shown would stay, nothing is
/// done: the person agreed to something else.
pub(super) async fn rotate(
    tx: &mut Tx,
    wish: Wish,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<(Secret, SecretId), AppsError> {
    let Wish {
        app: id,
        owner,
        shown,
    } = wish;
    let app = store::find_own_to_change(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    if app.details.kind == Kind::Public {
        return Err(AppsError::Public);
    }
    let Change { stays, drops } = change(store::list_secrets(&mut **tx, id).await?);
    if shown.is_some() && shown != stays.map(|stays| stays.id) {
        return Err(AppsError::Changed);
    }
    if let Some(old) = drops {
        drop_secret(tx, id, old.id, owner, now, entropy).await?;
    }
    let made = make(tx, id, Some(owner), now, entropy).await?;
    // Whoever sat down at somebody else's browser could have made it.
    let detail = json!({ "app": id, "at": now.unix_timestamp() });
    mail::put(&mut **tx, "secret_made", owner, detail, now, entropy).await?;
    Ok(made)
}

/// Makes a secret and keeps its fingerprint. The text is in hand only here and now.
pub(super) async fn make(
    tx: &mut Tx,
    app: AppId,
    actor: Option<PersonId>,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<(Secret, SecretId)> {
    let (secret, known) = mint(MARK, now, entropy);
    store::insert_secret(&mut **tx, app, &known, secret.fingerprint()).await?;
    let entry = Entry {
        actor,
        ..Entry::of("secret.made")
    };
    let entry = entry.on_app(app).with(json!({ "secret": known.id }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok((secret, known.id))
}

/// Something of an app's own to prove itself with, and what its owner sees of it later.
pub(super) fn mint(mark: &str, now: Moment, entropy: &dyn Entropy) -> (Secret, KnownSecret) {
    let text = Secret::mint(entropy);
    let secret = Secret::new(format!("{mark}{}", text.expose()));
    let tail = secret.expose().len().saturating_sub(HINT);
    let known = KnownSecret {
        id: SecretId::new(now, entropy),
        hint: secret.expose().get(tail..).unwrap_or_default().to_owned(),
        created_at: now,
        last_used_at: None,
    };
    (secret, known)
}

/// Ends a secret at once.
pub(super) async fn drop_secret(
    tx: &mut Tx,
    app: AppId,
    secret: SecretId,
    actor: PersonId,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<()> {
    store::delete_secret(&mut **tx, secret).await?;
    let entry = Entry::of("secret.dropped").by(actor).on_app(app);
    let entry = entry.with(json!({ "secret": secret }));
    audit::note(&mut **tx, entry, now, entropy).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(hint: &str) -> KnownSecret {
        KnownSecret {
            id: SecretId(uuid::Uuid::nil()),
            hint: hint.into(),
            created_at: Moment::UNIX_EPOCH,
            last_used_at: None,
        }
    }

    fn hints(live: &[&str]) -> (Option<String>, Option<String>) {
        let Change { stays, drops } = change(live.iter().map(|hint| secret(hint)).collect());
        (stays.map(|it| it.hint), drops.map(|it| it.hint))
    }

    #[test]
    fn the_newest_stays_and_the_older_of_two_goes() {
        assert_eq!(hints(&[]), (None, None));
        assert_eq!(hints(&["a"]), (Some("a".into()), None));
        assert_eq!(hints(&["a", "b"]), (Some("b".into()), Some("a".into())));
    }
}
