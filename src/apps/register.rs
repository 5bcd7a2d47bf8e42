//! A new app and its secret.

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
use crate::secret::Secret;

use super::App;
use super::ClientId;
use super::Details;
use super::Kind;
use super::Standing;
use super::model::SecretUse;
use super::rotate_secret;
use super::store;

/// A new app: what its owner is told, the secret only now.
#[derive(Debug)]
pub struct Registered {
    pub app: App,
    /// None for a public app (RFC 6749 §2.1).
    pub secret: Option<(Secret, SecretId)>,
}

/// Who registers what.
#[derive(Debug)]
pub struct Wish {
    pub owner: PersonId,
    pub details: Details,
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
    wish: Wish,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Registered> {
    let app = App {
        id: AppId::new(now, entropy),
        client_id: ClientId::mint(entropy),
        owner: wish.owner,
        logo: wish.logo,
        details: wish.details,
        standing: if wish.verified {
            Standing::Verified
        } else {
            Standing::Unverified
        },
        created_at: now,
    };
    store::insert_app(&mut **tx, &app).await?;
    let entry = Entry {
        actor: wish.actor,
        ..Entry::of("app.registered")
    };
    let entry = entry
        .on_app(app.id)
        .with(json!({ "owner": app.owner, "verified": wish.verified }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    let secret = match app.details.kind {
        Kind::Public => None,
        Kind::Confidential => Some(
            rotate_secret::make(tx, app.id, SecretUse::Client, wish.actor, now, entropy).await?,
        ),
    };
    Ok(Registered { app, secret })
}
