//! A new secret beside the one in use, so that a developer can change over without a gap. An app has
//! secrets of two uses, which are rotated alike.

use serde_json::json;

use super::model::{AppsError, ClientSecretInfo, SecretUse};
use super::{App, ClientType, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Executor, Tx};
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::{audit, db, mail};

/// How many of an app's secrets of one use may live.
const LIVE: usize = 2;
/// How much of a secret its owner sees later.
const HINT: usize = 4;

/// What the uses of a secret are called where they differ.
struct SecretWording {
    /// In front of every secret, so that scanners of code find one that was committed by mistake.
    mark: &'static str,
    made: &'static str,
    dropped: &'static str,
    /// What the audit calls it.
    noun: &'static str,
    letter: &'static str,
}

impl SecretUse {
    fn words(self) -> SecretWording {
        match self {
            Self::Client => SecretWording {
                mark: "pfs",
                made: "secret.made",
                dropped: "secret.dropped",
                noun: "secret",
                letter: "secret_made",
            },
            Self::LookUps => SecretWording {
                mark: "pfl",
                made: "look_up_token.made",
                dropped: "look_up_token.dropped",
                noun: "token",
                letter: "look_up_token_made",
            },
        }
    }
}

/// Whether an app may have secrets of this use: one that runs on people's own devices keeps none, and
/// people are looked up by whom the campus lets.
pub async fn check(db: impl Executor<'_>, app: &App, of: SecretUse) -> Result<(), AppsError> {
    match of {
        SecretUse::Client if app.details.kind == ClientType::Public => Err(AppsError::Public),
        SecretUse::Client => Ok(()),
        SecretUse::LookUps => {
            let since = store::find_looks_up_since(db, app.id).await?;
            since.map(drop).ok_or(AppsError::NotFound)
        }
    }
}

/// What a person is told before they make a secret: the one that stays beside it, the one that it ends.
#[derive(Debug, Clone, Default)]
pub struct RotationPlan {
    pub stays: Option<ClientSecretInfo>,
    pub drops: Option<ClientSecretInfo>,
}

/// Which of the live secrets, the oldest first, a new one ends: none while there is room, else the oldest.
pub fn change(mut live: Vec<ClientSecretInfo>) -> RotationPlan {
    let stays = live.pop();
    let is_full = live.len() + 1 >= LIVE;
    let drops = live.into_iter().next().filter(|_| is_full);
    RotationPlan { stays, drops }
}

/// Who wants a new secret for which app.
#[derive(Debug)]
pub struct RotationRequest {
    pub app: AppId,
    pub owner: PersonId,
    pub of: SecretUse,
    /// The secret that the person was told would stay.
    pub shown: Option<SecretId>,
}

/// Makes a secret, ends the older of two, and tells the owner by mail. If another than the one shown
/// would stay, nothing is done: the person agreed to something else.
pub async fn rotate(
    tx: &mut Tx,
    wish: RotationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(Secret, SecretId), AppsError> {
    let RotationRequest {
        app: id,
        owner,
        of,
        shown,
    } = wish;
    let app = store::find_own_to_change(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    check(&mut **tx, &app, of).await?;
    let RotationPlan { stays, drops } = change(store::list_secrets(&mut **tx, id, of).await?);
    if shown != stays.map(|stays| stays.id) {
        return Err(AppsError::Changed);
    }
    if let Some(old) = drops {
        drop_secret(tx, id, (of, old.id), owner, now, rng).await?;
    }
    let made = make(tx, id, of, Some(owner), now, rng).await?;
    // Whoever sat down at somebody else's browser could have made it.
    let detail = json!({ "app": id, "at": now.unix_timestamp() });
    mail::enqueue(&mut **tx, of.words().letter, owner, detail, now, rng).await?;
    Ok(made)
}

/// Makes a secret and keeps its fingerprint. The text is in hand only here and now.
pub async fn make(
    tx: &mut Tx,
    app: AppId,
    of: SecretUse,
    actor: Option<PersonId>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<(Secret, SecretId)> {
    let words = of.words();
    let (secret, known) = generate(words.mark, now, rng);
    store::insert_secret(&mut **tx, app, of, &known, secret.token_hash()).await?;
    let entry = AuditEntry {
        actor,
        ..AuditEntry::of(words.made)
    };
    let entry = entry.on_app(app).with(json!({ words.noun: known.id }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok((secret, known.id))
}

/// A secret, and what its owner sees of it later.
fn generate(mark: &str, now: Timestamp, rng: &dyn Rng) -> (Secret, ClientSecretInfo) {
    let text = Secret::generate(rng);
    let secret = Secret::new(format!("{mark}{}", text.expose()));
    let tail = secret.expose().len().saturating_sub(HINT);
    let known = ClientSecretInfo {
        id: SecretId::new(now, rng),
        hint: secret.expose().get(tail..).unwrap_or_default().to_owned(),
        created_at: now,
        last_used_at: None,
    };
    (secret, known)
}

/// Ends a secret at once.
pub async fn drop_secret(
    tx: &mut Tx,
    app: AppId,
    (of, secret): (SecretUse, SecretId),
    actor: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    store::delete_secret(&mut **tx, of, secret).await?;
    let words = of.words();
    let entry = AuditEntry::of(words.dropped).by(actor).on_app(app);
    let entry = entry.with(json!({ words.noun: secret }));
    audit::record(&mut **tx, entry, now, rng).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(hint: &str) -> ClientSecretInfo {
        ClientSecretInfo {
            id: SecretId(uuid::Uuid::nil()),
            hint: hint.into(),
            created_at: Timestamp::UNIX_EPOCH,
            last_used_at: None,
        }
    }

    fn hints(live: &[&str]) -> (Option<String>, Option<String>) {
        let RotationPlan { stays, drops } = change(live.iter().map(|hint| secret(hint)).collect());
        (stays.map(|it| it.hint), drops.map(|it| it.hint))
    }

    #[test]
    fn the_newest_stays_and_the_older_of_two_goes() {
        assert_eq!(hints(&[]), (None, None));
        assert_eq!(hints(&["a"]), (Some("a".into()), None));
        assert_eq!(hints(&["a", "b"]), (Some("b".into()), Some("a".into())));
    }
}
