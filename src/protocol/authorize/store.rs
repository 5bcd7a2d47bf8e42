//! Clients, authorization requests and codes in the database.

use super::model::{
    AuthorizationRequest, AuthorizeFacts, ClientFacts, ConsentFacts, CurrentRegistration,
    ResponseMode, ResponseTarget, SessionFacts,
};
use crate::people::fields::FieldSet;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, GrantId, PersonId, RequestId};
use crate::platform::secret::SecretHash;
use crate::protocol::grants::ConsentRecord;
use crate::protocol::oauth::{Challenge, RedirectUri};
use crate::protocol::scope::{GrantedAccess, ScopeSet};
use crate::protocol::token::AuthorizationCode;

/// Everything that [`decide`](super::decide::decide) needs, in one statement. `None`: no app has this
/// client id.
pub(super) async fn find_facts(
    db: impl Executor<'_>,
    client_id: &str,
    session: Option<(PersonId, CredentialEpoch)>,
) -> db::Result<Option<AuthorizeFacts>> {
    let row = sqlx::query!(
        r#"select a.id, a.client_id, a.name, a.description, a.logo, a.website, a.privacy_policy, a.contact,
                  a.owner_id, o.username as owner_username,
                  coalesce(nullif(trim(o.first_name || ' ' || o.last_name), ''), o.username) as "owner_name!",
                  a.kind = 'public' as "is_public!", a.require_pkce,
                  a.verified_at is not null as "is_verified!",
                  a.suspended_at is not null as "is_suspended!", a.user_count, a.redirect_uris,
                  exists (select 1 from account_closures where person_id = $2) as "is_leaving!", g.id as "grant_id?", g.ended_at as grant_ended_at,
                  g.scopes as "scopes?", g.fields as "fields?",
                  g.refused_scopes as "refused_scopes?", g.refused_fields as "refused_fields?"
           from apps a
           join people o on o.id = a.owner_id
           left join lateral (
             select * from grants where person_id = $2 and app_id = a.id
             order by ended_at is null desc, granted_at desc limit 1
           ) g on true
           where a.client_id = $1"#,
        client_id,
        session.map(|(person, _)| person.0)
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let is_live = row.grant_ended_at.is_none();
        let record = consent_record(
            row.scopes.as_ref(),
            row.fields.as_ref(),
            row.refused_scopes.as_ref(),
            row.refused_fields.as_ref(),
        );
        AuthorizeFacts {
            client: ClientFacts {
                app: AppId(row.id),
                client_id: row.client_id,
                name: row.name,
                description: row.description,
                logo: row.logo,
                website: row.website,
                privacy_policy: row.privacy_policy,
                contact: row.contact,
                owner: PersonId(row.owner_id),
                owner_name: row.owner_name,
                owner_username: row.owner_username,
                is_public: row.is_public,
                requires_pkce: row.require_pkce,
                is_verified: row.is_verified,
                is_suspended: row.is_suspended,
                user_count: row.user_count,
                redirect_uris: registered_uris(row.redirect_uris),
            },
            session: session.map(|(person, epoch)| SessionFacts {
                person,
                epoch,
                is_closing_account: row.is_leaving,
            }),
            consent: consent_facts(row.grant_id.map(GrantId), is_live, record),
        }
    }))
}

fn consent_facts(grant: Option<GrantId>, is_live: bool, record: ConsentRecord) -> ConsentFacts {
    ConsentFacts {
        live_grant: grant.filter(|_| is_live),
        is_existing_user: grant.is_some(),
        record: if is_live { record } else { record.ended() },
    }
}

fn registered_uris(uris: Vec<String>) -> Vec<RedirectUri> {
    uris.into_iter().map(RedirectUri::registered).collect()
}

fn consent_record(
    scopes: Option<&Vec<String>>,
    fields: Option<&Vec<String>>,
    refused_scopes: Option<&Vec<String>>,
    refused_fields: Option<&Vec<String>>,
) -> ConsentRecord {
    let scope_set = |names: Option<&Vec<String>>| ScopeSet::of_names(names.into_iter().flatten());
    let field_set = |names: Option<&Vec<String>>| FieldSet::of_names(names.into_iter().flatten());
    ConsentRecord {
        given: GrantedAccess::of(scope_set(scopes), field_set(fields)),
        refused_scopes: scope_set(refused_scopes),
        refused_fields: field_set(refused_fields),
    }
}

/// Inserts a code under a live grant, with the token family that starts with it, in one statement. False if the
/// person no longer has this epoch.
pub(super) async fn insert_code(
    db: impl Executor<'_>,
    (grant, epoch): (GrantId, CredentialEpoch),
    access: GrantedAccess,
    request: &AuthorizationRequest,
    code: &AuthorizationCode,
    now: Timestamp,
) -> db::Result<bool> {
    let inserted = sqlx::query!(
        "with person as (
           select p.epoch from people p
           where p.id = (select person_id from grants where id = $2) and p.epoch = $9 and p.suspended_at is null
           for share
         ), family as (
           insert into token_families (id, grant_id, scopes, fields, started_at)
           select $1, $2, $3, $4, $5 from person
           returning id
         )
         insert into authorization_codes (hash, family_id, epoch, redirect_uri, code_challenge, issued_at)
         select $6, id, $9, $7, $8, $5 from family",
        code.family.0,
        grant.0,
        &access.scopes().names(),
        &access.fields().names(),
        now,
        code.code.hash().to_vec(),
        request.target.redirect_uri.as_str(),
        request.code_challenge.as_ref().map(Challenge::as_str),
        epoch.0,
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Inserts a request whose consent page is shown. A person has at most a hundred open requests; the
/// oldest are deleted.
pub(super) async fn insert_request(
    db: impl Executor<'_>,
    id: RequestId,
    app: AppId,
    (person, epoch): (PersonId, CredentialEpoch),
    request: &AuthorizationRequest,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with forgotten as (
           delete from authorization_requests where id in (
             select id from authorization_requests
             where person_id = $3 and decided_at is null
             order by requested_at desc, id desc offset 99
           )
         )
         insert into authorization_requests
           (id, app_id, person_id, epoch, redirect_uri, state, code_challenge, scopes, requested_at, response_mode)
         values ($1, $2, $3, $10, $4, $5, $6, $7, $8, $9)",
        id.0,
        app.0,
        person.0,
        request.target.redirect_uri.as_str(),
        request.target.state,
        request.code_challenge.as_ref().map(Challenge::as_str),
        &request.scopes.names(),
        now,
        request.target.response_mode.as_str(),
        epoch.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Marks an open request of this person as answered and returns it. `None`: it was answered before, was
/// shown before `asked_after` or under another epoch, or belongs to another person.
pub(super) async fn mark_answered(
    db: impl Executor<'_>,
    id: RequestId,
    (person, epoch): (PersonId, CredentialEpoch),
    asked_after: Timestamp,
    now: Timestamp,
) -> db::Result<Option<(AppId, AuthorizationRequest)>> {
    let row = sqlx::query!(
        "update authorization_requests set decided_at = $3
         where id = $1 and person_id = $2 and epoch = $5 and decided_at is null and requested_at > $4
         returning app_id, redirect_uri, state, code_challenge, scopes, response_mode",
        id.0,
        person.0,
        now,
        asked_after,
        epoch.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let redirect_uri = RedirectUri::registered(row.redirect_uri);
        let request = AuthorizationRequest {
            target: ResponseTarget {
                redirect_uri,
                state: row.state,
                response_mode: ResponseMode::parse(row.response_mode.as_deref()),
            },
            scopes: ScopeSet::of_names(&row.scopes),
            code_challenge: row.code_challenge.map(Challenge::stored),
            forces_consent: false,
        };
        (AppId(row.app_id), request)
    }))
}

/// The app's registration as it is now.
pub(super) async fn find_registration(
    db: impl Executor<'_>,
    app: AppId,
) -> db::Result<Option<CurrentRegistration>> {
    let row = sqlx::query!(
        r#"select name, redirect_uris, require_pkce or kind = 'public' as "needs_challenge!"
           from apps where id = $1"#,
        app.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| CurrentRegistration {
        name: row.name,
        redirect_uris: registered_uris(row.redirect_uris),
        must_use_pkce: row.needs_challenge,
    }))
}

/// Deletes the requests whose consent page was shown before a moment.
pub(super) async fn delete_requests(
    db: impl Executor<'_>,
    asked_before: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "delete from authorization_requests where requested_at < $1",
        asked_before
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps the query of a request under the hash of a name.
pub(super) async fn insert_kept_request(
    db: impl Executor<'_>,
    name: SecretHash,
    query: &str,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "insert into kept_authorization_requests (hash, query, kept_at) values ($1, $2, $3)",
        name.to_vec(),
        query,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The query that was kept under this name after a moment.
pub(super) async fn find_kept_request(
    db: impl Executor<'_>,
    name: SecretHash,
    kept_after: Timestamp,
) -> db::Result<Option<String>> {
    let query = sqlx::query_scalar!(
        "select query from kept_authorization_requests where hash = $1 and kept_at > $2",
        name.to_vec(),
        kept_after,
    )
    .fetch_optional(db)
    .await?;
    Ok(query)
}

/// Deletes the requests that were kept before a moment.
pub(super) async fn delete_kept_requests(
    db: impl Executor<'_>,
    kept_before: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "delete from kept_authorization_requests where kept_at < $1",
        kept_before
    )
    .execute(db)
    .await?;
    Ok(())
}
