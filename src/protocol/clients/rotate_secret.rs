//! Secrets of an app. A new one stays beside the one in use, so that a developer can rotate without an
//! interruption. Client secrets and look-up tokens are rotated in the same way.

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
use crate::protocol::app_tokens;

/// The number of live secrets of one use.
const MAX_LIVE: usize = 2;
/// The number of characters of a secret that its owner sees later.
const HINT_LENGTH: usize = 4;

/// The names that differ between the uses of a secret.
struct SecretWording {
    /// The prefix of every secret, so that secret scanners find one that is committed by mistake.
    prefix: &'static str,
    /// The audit events.
    created: &'static str,
    deleted: &'static str,
    /// The key in the audit entry.
    audit_key: &'static str,
    /// The mail template.
    template: &'static str,
}

impl SecretUse {
    fn wording(self) -> SecretWording {
        match self {
            Self::Client => SecretWording {
                prefix: "pfs",
                created: "secret.made",
                deleted: "secret.dropped",
                audit_key: "secret",
                template: "secret_made",
            },
            Self::LookUps => SecretWording {
                prefix: app_tokens::FIXED_PREFIX,
                created: "look_up_token.made",
                deleted: "look_up_token.dropped",
                audit_key: "token",
                template: "look_up_token_made",
            },
        }
    }
}

/// Whether an app may have secrets of this use. A public client has no client secret (RFC 6749 §2.1); look-up
/// tokens need the permission.
pub async fn check_secret_use(
    db: impl Executor<'_>,
    app: &App,
    of: SecretUse,
) -> Result<(), AppsError> {
    match of {
        SecretUse::Client if app.details.kind == ClientType::Public => Err(AppsError::Public),
        SecretUse::Client => Ok(()),
        SecretUse::LookUps => {
            let since = store::find_looks_up_since(db, app.id).await?;
            since.map(drop).ok_or(AppsError::NotFound)
        }
    }
}

/// What happens when a secret is created: which one stays beside it, and which one is deleted.
#[derive(Debug, Clone, Default)]
pub struct RotationPlan {
    pub keeps: Option<ClientSecretInfo>,
    pub deletes: Option<ClientSecretInfo>,
}

/// Plans a rotation, given the live secrets, the oldest first: while there is room no secret is deleted,
/// otherwise the oldest.
pub fn plan_rotation(mut live: Vec<ClientSecretInfo>) -> RotationPlan {
    let keeps = live.pop();
    let is_full = live.len() + 1 >= MAX_LIVE;
    let deletes = live.into_iter().next().filter(|_| is_full);
    RotationPlan { keeps, deletes }
}

/// A request for a new secret.
#[derive(Debug)]
pub struct RotationRequest {
    pub app: AppId,
    pub owner: PersonId,
    pub of: SecretUse,
    /// The secret that the page showed as the one to keep.
    pub shown: Option<SecretId>,
}

/// Creates a secret, deletes the older of two, and sends a mail to the owner. If it would keep another secret
/// than the one shown, nothing is done, because the person agreed to something else.
pub async fn rotate(
    tx: &mut Tx,
    request: RotationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(Secret, SecretId), AppsError> {
    let RotationRequest {
        app: id,
        owner,
        of,
        shown,
    } = request;
    let app = store::lock_own(&mut **tx, id, owner)
        .await?
        .ok_or(AppsError::NotFound)?;
    check_secret_use(&mut **tx, &app, of).await?;
    let RotationPlan { keeps, deletes } =
        plan_rotation(store::list_secrets(&mut **tx, id, of).await?);
    if shown != keeps.map(|secret| secret.id) {
        return Err(AppsError::SecretsChanged);
    }
    if let Some(old) = deletes {
        delete_secret(tx, id, (of, old.id), owner, now, rng).await?;
    }
    let created = create_secret(tx, id, of, Some(owner), now, rng).await?;
    // The mail warns the owner if another person has used their browser.
    let detail = json!({ "app": id, "at": now.unix_timestamp() });
    mail::enqueue(&mut **tx, of.wording().template, owner, detail, now, rng).await?;
    Ok(created)
}

/// Creates a secret and stores its hash. The secret is in clear only in the result.
pub async fn create_secret(
    tx: &mut Tx,
    app: AppId,
    of: SecretUse,
    actor: Option<PersonId>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<(Secret, SecretId)> {
    let wording = of.wording();
    let (secret, info) = generate(wording.prefix, now, rng);
    store::insert_secret(&mut **tx, app, of, &info, secret.hash()).await?;
    let entry = AuditEntry {
        actor,
        ..AuditEntry::of(wording.created)
    };
    let entry = entry
        .on_app(app)
        .with(json!({ wording.audit_key: info.id }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok((secret, info.id))
}

/// A secret, and the part of it that its owner sees later.
fn generate(prefix: &str, now: Timestamp, rng: &dyn Rng) -> (Secret, ClientSecretInfo) {
    let text = Secret::generate(rng);
    let secret = Secret::new(format!("{prefix}{}", text.expose()));
    let tail = secret.expose().len().saturating_sub(HINT_LENGTH);
    let info = ClientSecretInfo {
        id: SecretId::new(now, rng),
        hint: secret.expose().get(tail..).unwrap_or_default().to_owned(),
        created_at: now,
        last_used_at: None,
    };
    (secret, info)
}

/// Deletes a secret at once.
pub async fn delete_secret(
    tx: &mut Tx,
    app: AppId,
    (of, secret): (SecretUse, SecretId),
    actor: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    store::delete_secret(&mut **tx, of, secret).await?;
    let wording = of.wording();
    let entry = AuditEntry::of(wording.deleted).by(actor).on_app(app);
    let entry = entry.with(json!({ wording.audit_key: secret }));
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
        let RotationPlan { keeps, deletes } =
            plan_rotation(live.iter().map(|hint| secret(hint)).collect());
        (
            keeps.map(|secret| secret.hint),
            deletes.map(|secret| secret.hint),
        )
    }

    #[test]
    fn the_newest_is_kept_and_the_older_of_two_deleted() {
        assert_eq!(hints(&[]), (None, None));
        assert_eq!(hints(&["a"]), (Some("a".into()), None));
        assert_eq!(hints(&["a", "b"]), (Some("b".into()), Some("a".into())));
    }
}
