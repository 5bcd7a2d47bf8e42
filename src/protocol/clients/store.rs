//! Apps and their secrets in the database.

use super::model::{AppMailRecord, AppMailSummary, ClientSecretInfo, SecretUse};
use super::{App, AppDetails, AppName, AppStanding, ClientId, ClientType};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, PersonId, SecretId};
use crate::platform::secret::SecretHash;
use crate::protocol::app_tokens::AppScope;
use crate::protocol::oauth::RedirectUri;

/// A row of `apps`.
struct AppRow {
    id: uuid::Uuid,
    client_id: String,
    owner_id: i32,
    name: String,
    description: String,
    logo: Option<String>,
    website: Option<String>,
    privacy_policy: Option<String>,
    contact: Option<String>,
    kind: String,
    require_pkce: bool,
    redirect_uris: Vec<String>,
    verified_at: Option<Timestamp>,
    suspended_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<AppRow> for App {
    fn from(row: AppRow) -> Self {
        let standing = match (row.suspended_at, row.verified_at) {
            (Some(_), _) => AppStanding::Suspended,
            (None, Some(_)) => AppStanding::Verified,
            (None, None) => AppStanding::Unverified,
        };
        Self {
            id: AppId(row.id),
            client_id: ClientId::stored(row.client_id),
            owner: PersonId(row.owner_id),
            logo: row.logo,
            details: AppDetails {
                name: AppName::stored(row.name),
                description: row.description,
                website: row.website,
                privacy_policy: row.privacy_policy,
                contact: row.contact,
                // A constraint allows these two values only.
                kind: ClientType::named(&row.kind).unwrap_or(ClientType::Public),
                require_pkce: row.require_pkce,
                redirect_uris: row
                    .redirect_uris
                    .into_iter()
                    .map(RedirectUri::registered)
                    .collect(),
            },
            standing,
            created_at: row.created_at,
        }
    }
}

/// An app of this person.
pub async fn find_own(
    db: impl Executor<'_>,
    id: AppId,
    owner: PersonId,
) -> db::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "select id, client_id, owner_id, name, description, logo, website, privacy_policy, contact,
                kind, require_pkce, redirect_uris, verified_at, suspended_at, created_at
         from apps where id = $1 and owner_id = $2",
        id.0,
        owner.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::from))
}

/// The same, locked until the transaction ends.
pub(super) async fn lock_own(
    db: impl Executor<'_>,
    id: AppId,
    owner: PersonId,
) -> db::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "select id, client_id, owner_id, name, description, logo, website, privacy_policy, contact,
                kind, require_pkce, redirect_uris, verified_at, suspended_at, created_at
         from apps where id = $1 and owner_id = $2
         for update",
        id.0,
        owner.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::from))
}

/// The app of this client id, byte for byte.
pub async fn find_by_client_id(db: impl Executor<'_>, client_id: &str) -> db::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "select id, client_id, owner_id, name, description, logo, website, privacy_policy, contact,
                kind, require_pkce, redirect_uris, verified_at, suspended_at, created_at
         from apps where client_id = $1",
        client_id,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::from))
}

/// A person's apps by name, each with the number of people who have connected it.
pub async fn list_own(db: impl Executor<'_>, owner: PersonId) -> db::Result<Vec<(App, i64)>> {
    let rows = sqlx::query!(
        r#"select id, client_id, owner_id, name, description, logo, website, privacy_policy, contact,
                  kind, require_pkce, redirect_uris, verified_at, suspended_at, created_at,
                  (select count(*) from grants where app_id = apps.id and ended_at is null) as "users!"
           from apps where owner_id = $1
           order by lower(name), id"#,
        owner.0,
    )
    .fetch_all(db)
    .await?;
    let apps = rows.into_iter().map(|row| {
        let app = AppRow {
            id: row.id,
            client_id: row.client_id,
            owner_id: row.owner_id,
            name: row.name,
            description: row.description,
            logo: row.logo,
            website: row.website,
            privacy_policy: row.privacy_policy,
            contact: row.contact,
            kind: row.kind,
            require_pkce: row.require_pkce,
            redirect_uris: row.redirect_uris,
            verified_at: row.verified_at,
            suspended_at: row.suspended_at,
            created_at: row.created_at,
        };
        (app.into(), row.users)
    });
    Ok(apps.collect())
}

/// The number of a person's apps.
pub async fn count_own(db: impl Executor<'_>, owner: PersonId) -> db::Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from apps where owner_id = $1"#,
        owner.0
    );
    Ok(count.fetch_one(db).await?)
}

/// The number of people who have connected an app.
pub async fn count_users(db: impl Executor<'_>, id: AppId) -> db::Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from grants where app_id = $1 and ended_at is null"#,
        id.0,
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// Whether any app has a redirect URI of this origin, as `registered_origin` writes it.
pub(super) async fn is_registered_origin(db: impl Executor<'_>, origin: &str) -> db::Result<bool> {
    let is_registered = sqlx::query_scalar!(
        r#"select exists (select 1 from apps where origins @> array[$1::text]) as "known!""#,
        origin,
    )
    .fetch_one(db)
    .await?;
    Ok(is_registered)
}

pub(super) async fn insert_app(db: impl Executor<'_>, app: &App) -> db::Result<()> {
    let uris = uri_strings(&app.details.redirect_uris);
    let verified_at = (app.standing == AppStanding::Verified).then_some(app.created_at);
    sqlx::query!(
        "insert into apps (id, client_id, owner_id, name, description, logo, website, privacy_policy,
                           contact, kind, require_pkce, redirect_uris, origins, verified_at,
                           created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
        app.id.0,
        app.client_id.as_str(),
        app.owner.0,
        app.details.name.as_str(),
        app.details.description,
        app.logo,
        app.details.website,
        app.details.privacy_policy,
        app.details.contact,
        app.details.kind.name(),
        app.details.require_pkce,
        &uris,
        &app.details.origins(),
        verified_at,
        app.created_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the details of an app.
pub(super) async fn update_app(
    db: impl Executor<'_>,
    id: AppId,
    details: &AppDetails,
    logo: Option<&str>,
    now: Timestamp,
) -> db::Result<()> {
    let uris = uri_strings(&details.redirect_uris);
    sqlx::query!(
        "update apps set name = $2, description = $3, logo = $4, website = $5, privacy_policy = $6,
                contact = $7, kind = $8, require_pkce = $9, redirect_uris = $10, origins = $11,
                updated_at = $12
         where id = $1",
        id.0,
        details.name.as_str(),
        details.description,
        logo,
        details.website,
        details.privacy_policy,
        details.contact,
        details.kind.name(),
        details.require_pkce,
        &uris,
        &details.origins(),
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes an app with its grants, codes and tokens.
pub(super) async fn delete_app(db: impl Executor<'_>, id: AppId) -> db::Result<()> {
    sqlx::query!("delete from apps where id = $1", id.0)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn insert_secret(
    db: impl Executor<'_>,
    app: AppId,
    of: SecretUse,
    secret: &ClientSecretInfo,
    hash: SecretHash,
) -> db::Result<()> {
    match of {
        SecretUse::Client => {
            sqlx::query!(
                "insert into app_secrets (id, app_id, hash, hint, created_at)
                 values ($1, $2, $3, $4, $5)",
                secret.id.0,
                app.0,
                hash.to_vec(),
                secret.hint,
                secret.created_at,
            )
            .execute(db)
            .await?
        }
        SecretUse::LookUps => {
            sqlx::query!(
                "insert into app_tokens (id, app_id, hash, scopes, hint, created_at)
                 values ($1, $2, $3, $4, $5, $6)",
                secret.id.0,
                app.0,
                hash.to_vec(),
                &[AppScope::LookUps.name().to_owned()],
                secret.hint,
                secret.created_at,
            )
            .execute(db)
            .await?
        }
    };
    Ok(())
}

/// A row of `app_secrets`, or of `app_tokens` with a hint.
struct ClientSecretRow {
    id: uuid::Uuid,
    hint: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

/// An app's live secrets of one use, the oldest first.
pub async fn list_secrets(
    db: impl Executor<'_>,
    app: AppId,
    of: SecretUse,
) -> db::Result<Vec<ClientSecretInfo>> {
    let rows = match of {
        SecretUse::Client => {
            sqlx::query_as!(
                ClientSecretRow,
                "select id, hint, created_at, last_used_at from app_secrets
                 where app_id = $1 order by created_at, id",
                app.0,
            )
            .fetch_all(db)
            .await?
        }
        SecretUse::LookUps => {
            sqlx::query_as!(
                ClientSecretRow,
                r#"select id, hint as "hint!", created_at, last_used_at from app_tokens
                   where app_id = $1 and hint is not null order by created_at, id"#,
                app.0,
            )
            .fetch_all(db)
            .await?
        }
    };
    let secrets = rows.into_iter().map(|row| ClientSecretInfo {
        id: SecretId(row.id),
        hint: row.hint,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    });
    Ok(secrets.collect())
}

pub(super) async fn delete_secret(
    db: impl Executor<'_>,
    of: SecretUse,
    id: SecretId,
) -> db::Result<()> {
    match of {
        SecretUse::Client => {
            sqlx::query!("delete from app_secrets where id = $1", id.0)
                .execute(db)
                .await?
        }
        SecretUse::LookUps => {
            sqlx::query!("delete from app_tokens where id = $1", id.0)
                .execute(db)
                .await?
        }
    };
    Ok(())
}

fn uri_strings(uris: &[RedirectUri]) -> Vec<String> {
    uris.iter().map(|uri| uri.as_str().to_owned()).collect()
}

/// The numbers of an app's mails since a moment, and the newest fifty.
pub async fn find_mails(
    db: impl Executor<'_>,
    app: AppId,
    since: Timestamp,
) -> db::Result<AppMailSummary> {
    let rows = sqlx::query!(
        r#"select message_id, started_at, status, error,
                  count(*) filter (where status) over () as "sent!",
                  count(*) filter (where not status) over () as "failed!"
           from sent_mails where app_id = $1 and started_at > $2
           order by started_at desc limit 50"#,
        app.0,
        since,
    )
    .fetch_all(db)
    .await?;
    let mut mails = AppMailSummary::default();
    for row in rows {
        (mails.sent, mails.failed) = (row.sent, row.failed);
        mails.newest.push(AppMailRecord {
            message_id: row.message_id,
            at: row.started_at,
            status: row.status,
            error: row.error,
        });
    }
    Ok(mails)
}

/// Since when an app has had the permission to look people up, if it has.
pub async fn find_looks_up_since(
    db: impl Executor<'_>,
    app: AppId,
) -> db::Result<Option<Timestamp>> {
    let since = sqlx::query_scalar!("select looks_up_since from apps where id = $1", app.0);
    Ok(since.fetch_optional(db).await?.flatten())
}

/// Gives an app the permission to look people up, if it does not have it yet.
pub(super) async fn mark_looks_up(
    db: impl Executor<'_>,
    app: AppId,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "update apps set looks_up_since = coalesce(looks_up_since, $2) where id = $1",
        app.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Withdraws the permission to look people up and deletes every token of the app.
pub(super) async fn unmark_looks_up(db: impl Executor<'_>, app: AppId) -> db::Result<()> {
    sqlx::query!(
        "with ended as (delete from app_tokens where app_id = $1)
         update apps set looks_up_since = null where id = $1",
        app.0
    )
    .execute(db)
    .await?;
    Ok(())
}
