//! Registers apps.

use std::time::Duration;

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

/// A form that is sent again within this time, with the same details, was pressed twice.
const REPEAT_WINDOW: Duration = Duration::from_mins(1);

/// A new app. The secret is in clear only here.
#[derive(Debug)]
pub struct RegisteredApp {
    pub app: App,
    /// `None` for a public app (RFC 6749 §2.1).
    pub secret: Option<(Secret, SecretId)>,
}

/// An app to register.
#[derive(Debug)]
pub struct RegistrationRequest {
    pub owner: PersonId,
    pub details: AppDetails,
    /// A file name under the data folder's pictures.
    pub logo: Option<String>,
    /// Whether the app is verified from the start, which only the command line can request.
    pub verified: bool,
    /// Who registers it: the owner on the page, `None` on the command line.
    pub actor: Option<PersonId>,
}

/// The app that this request has registered already, if its form was sent twice: the owner's newest app with the same
/// details, not older than [`REPEAT_WINDOW`]. The caller has locked the owner, so that of two simultaneous requests the
/// second finds the app of the first.
pub async fn find_repeated(
    tx: &mut Tx,
    request: &RegistrationRequest,
    now: Timestamp,
) -> db::Result<Option<App>> {
    let apps = store::list_own(&mut **tx, request.owner).await?;
    let mut apps = apps.into_iter().map(|(app, _)| app);
    let is_repeated =
        |app: &App| app.details == request.details && now - app.created_at < REPEAT_WINDOW;
    Ok(apps.find(is_repeated))
}

/// Inserts an app, with a secret unless it is public.
pub async fn register(
    tx: &mut Tx,
    request: RegistrationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<RegisteredApp> {
    let app = App {
        id: AppId::new(now, rng),
        client_id: ClientId::generate(rng),
        owner: request.owner,
        logo: request.logo,
        details: request.details,
        standing: if request.verified {
            AppStanding::Verified
        } else {
            AppStanding::Unverified
        },
        created_at: now,
    };
    store::insert_app(&mut **tx, &app).await?;
    let entry = AuditEntry {
        actor: request.actor,
        ..AuditEntry::of("app.registered")
    };
    let entry = entry
        .on_app(app.id)
        .with(json!({ "owner": app.owner, "verified": request.verified }));
    audit::record(&mut **tx, entry, now, rng).await?;
    let secret = match app.details.kind {
        ClientType::Public => None,
        ClientType::Confidential => Some(
            rotate_secret::create_secret(tx, app.id, SecretUse::Client, request.actor, now, rng)
                .await?,
        ),
    };
    Ok(RegisteredApp { app, secret })
}
