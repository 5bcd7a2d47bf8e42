//! A new app and its secret.

use serde_json::json;

use super::model::SecretUse;
use super::{App, AppDetails, AppStanding, ClientId, ClientType, rotate_secret, store};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::{audit, db};

/// A new app: what its owner is told, the secret only now.
#[derive(Debug)]
pub struct RegisteredApp {
    pub app: App,
    /// None for a public app (RFC 6749 §2.1).
    pub secret: Option<(Secret, SecretId)>,
}

/// Who registers what.
#[derive(Debug)]
pub struct RegistrationRequest {
    pub owner: PersonId,
    pub details: AppDetails,
    /// A file name under the data folder's pictures.
    pub logo: Option<String>,
    /// Whether the campus vouches for it from the start; only the command line says so.
    pub verified: bool,
    /// Who does it: the owner on the page, nobody known on the command line.
    pub actor: Option<PersonId>,
}

/// Keeps a new app, with a secret if it can hold one.
pub async fn register(
    tx: &mut Tx,
    wish: RegistrationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<RegisteredApp> {
    let app = App {
        id: AppId::new(now, rng),
        client_id: ClientId::generate(rng),
        owner: wish.owner,
        logo: wish.logo,
        details: wish.details,
        standing: if wish.verified {
            AppStanding::Verified
        } else {
            AppStanding::Unverified
        },
        created_at: now,
    };
    store::insert_app(&mut **tx, &app).await?;
    let entry = AuditEntry {
        actor: wish.actor,
        ..AuditEntry::of("app.registered")
    };
    let entry = entry
        .on_app(app.id)
        .with(json!({ "owner": app.owner, "verified": wish.verified }));
    audit::record(&mut **tx, entry, now, rng).await?;
    let secret = match app.details.kind {
        ClientType::Public => None,
        ClientType::Confidential => {
            Some(rotate_secret::make(tx, app.id, SecretUse::Client, wish.actor, now, rng).await?)
        }
    };
    Ok(RegisteredApp { app, secret })
}
