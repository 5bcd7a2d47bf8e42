//! Clients, codes and token pairs in the database.

use sqlx::types::Json;

use super::model::{
    CodeFacts, IssuedTokens, PairFacts, RegisteredClient, StoredClientSecret, Successor,
    TokenContext,
};
use crate::people::fields::FieldSet;
use crate::people::records::Person;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::{Connection, Executor};
use crate::platform::id::{AppId, FamilyId, GrantId, PairId, PersonId, SecretId};
use crate::platform::secret::SecretHash;
use crate::protocol::app_tokens::AppScope;
use crate::protocol::oauth::Challenge;
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// How old a "last used" may grow before it is written again, so that not every use is a write.
const LAST_USED_STEP_SECONDS: f64 = 60.0;
/// More rotations than this within the grace period are not followed.
const MAX_ROTATIONS_FOLLOWED: i32 = 100;

fn granted_access(scopes: &[String], fields: &[String]) -> GrantedAccess {
    GrantedAccess::of(ScopeSet::of_names(scopes), FieldSet::of_names(fields))
}

/// The context in a row of the statements that find a code or a pair. Each statement has a row type of its
/// own, so this cannot be a function.
macro_rules! context {
    ($row:ident) => {
        TokenContext {
            app: AppId($row.app_id),
            client_id: $row.client_id,
            person: PersonId($row.person_id),
            grant: GrantId($row.grant_id),
            family: FamilyId($row.family_id),
            family_began_at: $row.started_at,
            is_live: $row.is_live,
            access: granted_access(&$row.scopes, &$row.fields)
                .intersection(granted_access(&$row.grant_scopes, &$row.grant_fields)),
        }
    };
}

pub(super) async fn list_clients(
    db: impl Executor<'_>,
    client_ids: &[String],
) -> db::Result<Vec<RegisteredClient>> {
    let rows = sqlx::query!(
        r#"select a.id, a.client_id, a.kind = 'public' as "is_public!",
                  a.suspended_at is not null as "is_suspended!", a.redirect_uris, a.origins,
                  a.looks_up_since is not null as "looks_up!",
                  array(select s.id from app_secrets s where s.app_id = a.id order by s.id) as "secret_ids!",
                  array(select s.hash from app_secrets s where s.app_id = a.id order by s.id)
                      as "hashes!"
           from apps a where a.client_id = any($1)"#,
        client_ids
    )
    .fetch_all(db)
    .await?;
    let clients = rows.into_iter().map(|row| {
        let secrets = row.secret_ids.into_iter().zip(row.hashes);
        let secrets = secrets.map(|(id, token_hash)| StoredClientSecret {
            id: SecretId(id),
            token_hash,
        });
        RegisteredClient {
            app: AppId(row.id),
            client_id: row.client_id,
            is_public: row.is_public,
            is_suspended: row.is_suspended,
            redirect_uris: row.redirect_uris,
            origins: row.origins,
            app_scopes: row
                .looks_up
                .then_some(AppScope::LookUps)
                .into_iter()
                .collect(),
            secrets: secrets.collect(),
        }
    });
    Ok(clients.collect())
}

pub(super) async fn find_code(
    db: impl Executor<'_>,
    code: SecretHash,
) -> db::Result<Option<CodeFacts>> {
    let row = sqlx::query!(
        r#"select c.family_id, c.redirect_uri, c.code_challenge, c.issued_at, c.used_at,
                  f.started_at, f.scopes, f.fields, f.grant_id,
                  g.scopes as grant_scopes, g.fields as grant_fields, g.app_id, g.person_id, a.client_id,
                  c.epoch = p.epoch and exists (select from live_token_families l where l.id = f.id) as "is_live!"
           from authorization_codes c
           join token_families f on f.id = c.family_id
           join grants g on g.id = f.grant_id
           join people p on p.id = g.person_id
           join apps a on a.id = g.app_id
           where c.hash = $1"#,
        code.to_vec()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| CodeFacts {
        context: context!(row),
        redirect_uri: row.redirect_uri,
        challenge: row.code_challenge.map(Challenge::stored),
        issued_at: row.issued_at,
        used_at: row.used_at,
    }))
}

/// Uses up a code and inserts the pair issued for it, in one statement. False if another request was faster, or a
/// credential event of the person.
pub(super) async fn use_code(
    db: impl Executor<'_>,
    code: SecretHash,
    issued: &IssuedTokens,
    secret: Option<SecretId>,
) -> db::Result<bool> {
    let IssuedTokens {
        pair,
        access,
        issued_at,
    } = issued;
    let row = sqlx::query!(
        r#"with person as (
             select p.id from authorization_codes c
             join token_families f on f.id = c.family_id
             join grants g on g.id = f.grant_id
             join people p on p.id = g.person_id
             where c.hash = $1 and p.epoch = c.epoch
             for share of p
           ), used as (
             update authorization_codes set used_at = $2
             where hash = $1 and used_at is null and exists (select from person)
             returning family_id
           ), pair as (
             insert into token_pairs (id, family_id, access_token_hash, refresh_token_hash, scopes, fields, issued_at)
             select $3, family_id, $4, $5, $6, $7, $2 from used
             returning id
           ), secret as (
             update app_secrets set last_used_at = $2
             where id = $8 and (last_used_at is null or last_used_at < $2 - make_interval(secs => $9))
           )
           select count(*) as "kept!" from pair"#,
        code.to_vec(),
        *issued_at,
        pair.id.0,
        pair.access_token.hash().to_vec(),
        pair.refresh_token.hash().to_vec(),
        &access.scopes().names(),
        &access.fields().names(),
        secret.map(|id| id.0),
        LAST_USED_STEP_SECONDS,
    )
    .fetch_one(db)
    .await?;
    Ok(row.kept == 1)
}

/// How a presented token is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Refresh,
    Either,
}

/// Finds a pair by one of its tokens. If it was rotated, its successor is found, too, and those after it as
/// long as each was rotated at `rotated_since` or later.
pub(super) async fn find_pair(
    connection: &mut Connection,
    token: SecretHash,
    kind: TokenKind,
    rotated_since: Timestamp,
) -> db::Result<Option<PairFacts>> {
    let row = sqlx::query!(
        r#"select t.id, t.family_id, t.issued_at, t.rotated_at, t.successor_id,
                  f.started_at, f.scopes, f.fields, f.grant_id,
                  coalesce(f.end_reason = 'revoked', false) as "family_was_revoked!",
                  g.scopes as grant_scopes, g.fields as grant_fields, g.app_id, g.person_id, a.client_id,
                  exists (select from live_token_families l where l.id = f.id) as "is_live!"
           from token_pairs t
           join token_families f on f.id = t.family_id
           join grants g on g.id = f.grant_id
           join apps a on a.id = g.app_id
           where t.refresh_token_hash = $1 or ($2 and t.access_token_hash = $1)"#,
        token.to_vec(),
        kind == TokenKind::Either
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let successors = match row.successor_id {
        Some(successor) => list_line(connection, PairId(successor), rotated_since).await?,
        None => Vec::new(),
    };
    Ok(Some(PairFacts {
        family_was_revoked: row.family_was_revoked,
        id: PairId(row.id),
        issued_at: row.issued_at,
        rotated_at: row.rotated_at,
        successors,
        context: context!(row),
    }))
}

/// A pair and those that took its place one after the other, as long as each was rotated at `rotated_since`
/// or later.
async fn list_line(
    db: impl Executor<'_>,
    first: PairId,
    rotated_since: Timestamp,
) -> db::Result<Vec<Successor>> {
    let rows = sqlx::query!(
        r#"with recursive line as (
             select token_pairs.*, 1 as position from token_pairs where id = $1
             union all
             select t.*, line.position + 1
             from line join token_pairs t on t.id = line.successor_id
             where line.rotated_at >= $2 and line.position < $3
           )
           select id as "id!", issued_at as "issued_at!", used_at is not null as "is_used!", rotated_at,
                  refresh_token_hash as "refresh_token_hash!", scopes as "scopes!", fields as "fields!"
           from line order by position"#,
        first.0,
        rotated_since,
        MAX_ROTATIONS_FOLLOWED,
    )
    .fetch_all(db)
    .await?;
    let line = rows.into_iter().map(|row| Successor {
        id: PairId(row.id),
        issued_at: row.issued_at,
        is_used: row.is_used,
        rotated_at: row.rotated_at,
        refresh_token_hash: row.refresh_token_hash,
        access: granted_access(&row.scopes, &row.fields),
    });
    Ok(line.collect())
}

/// Holds a code until the transaction ends.
pub(super) async fn lock_code(db: impl Executor<'_>, code: SecretHash) -> db::Result<()> {
    sqlx::query!(
        "select family_id from authorization_codes where hash = $1 for update",
        code.to_vec()
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// Holds a pair, found by its refresh token, until the transaction ends.
pub(super) async fn lock_pair(db: impl Executor<'_>, token: SecretHash) -> db::Result<()> {
    sqlx::query!(
        "select id from token_pairs where refresh_token_hash = $1 for update",
        token.to_vec()
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// Ends a live pair and inserts its successor, in one statement. False if another request was faster.
pub(super) async fn rotate_pair(
    db: impl Executor<'_>,
    old: PairId,
    issued: &IssuedTokens,
    secret: Option<SecretId>,
) -> db::Result<bool> {
    let IssuedTokens {
        pair,
        access,
        issued_at,
    } = issued;
    let row = sqlx::query!(
        r#"with old as (
             update token_pairs set rotated_at = $2, successor_id = $3, used_at = coalesce(used_at, $2)
             where id = $1 and is_live(token_pairs)
             returning family_id
           ), pair as (
             insert into token_pairs (id, family_id, access_token_hash, refresh_token_hash, scopes, fields, issued_at)
             select $3, family_id, $4, $5, $6, $7, $2 from old
             returning id
           ), secret as (
             update app_secrets set last_used_at = $2
             where id = $8 and (last_used_at is null or last_used_at < $2 - make_interval(secs => $9))
           )
           select count(*) as "kept!" from pair"#,
        old.0,
        *issued_at,
        pair.id.0,
        pair.access_token.hash().to_vec(),
        pair.refresh_token.hash().to_vec(),
        &access.scopes().names(),
        &access.fields().names(),
        secret.map(|id| id.0),
        LAST_USED_STEP_SECONDS,
    )
    .fetch_one(db)
    .await?;
    Ok(row.kept == 1)
}

/// Ends a family once; false if it had ended already.
pub(super) async fn mark_family_ended(
    db: impl Executor<'_>,
    family: FamilyId,
    reason: &str,
    now: Timestamp,
) -> db::Result<bool> {
    let ended = sqlx::query!(
        "update token_families set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        family.0,
        now,
        reason
    )
    .execute(db)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Ends every family of a person that has not ended.
pub(super) async fn mark_families_of_ended(
    db: impl Executor<'_>,
    person: PersonId,
    reason: &str,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "update token_families f set ended_at = $2, end_reason = $3 from grants g
         where g.id = f.grant_id and g.person_id = $1 and f.ended_at is null",
        person.0,
        now,
        reason
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the grant of a family that was revoked, if no pair of another family can still be used. True if the
/// grant ended.
pub(super) async fn mark_unused_grant_ended(
    db: impl Executor<'_>,
    grant: GrantId,
    revoked: FamilyId,
    oldest_usable: Timestamp,
    oldest_family: Timestamp,
    now: Timestamp,
) -> db::Result<bool> {
    let ended = sqlx::query!(
        "update grants g set ended_at = $3
         where g.id = $1 and g.ended_at is null and not exists (
           select from token_families f join token_pairs t on t.family_id = f.id
           where f.grant_id = g.id and f.id <> $2 and f.ended_at is null and f.started_at >= $5
             and is_live(t) and t.issued_at >= $4
         )",
        grant.0,
        revoked.0,
        now,
        oldest_usable,
        oldest_family,
    )
    .execute(db)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes that the person gets a mail about a replay. False if they got one about the same app at
/// `mailed_since` or later.
pub(super) async fn mark_replay_mailed(
    db: impl Executor<'_>,
    grant: GrantId,
    mailed_since: Timestamp,
    now: Timestamp,
) -> db::Result<bool> {
    let marked = sqlx::query!(
        "update grants g set replay_mailed_at = $3
         where g.id = $1 and (g.replay_mailed_at is null or g.replay_mailed_at < $2)
           and not exists (select from grants o where o.person_id = g.person_id and o.app_id = g.app_id
                             and o.id <> g.id and o.replay_mailed_at >= $2)",
        grant.0,
        mailed_since,
        now
    )
    .execute(db)
    .await?;
    Ok(marked.rows_affected() == 1)
}

/// Everything the user API needs of an access token, from one statement.
#[derive(Debug)]
pub(super) struct AccessFacts {
    pub app: AppId,
    pub origins: Vec<String>,
    pub grant: GrantId,
    /// The pair and its family are live.
    pub is_live: bool,
    pub issued_at: Timestamp,
    /// What the token and the grant both allow.
    pub access: GrantedAccess,
    /// What was granted when the login began, and the person has withdrawn since.
    pub withdrawn: ScopeSet,
    pub person: Person,
}

/// Finds an access token with everything it gives access to, and marks it and its grant as used.
pub(super) async fn find_access(
    db: impl Executor<'_>,
    token: SecretHash,
    now: Timestamp,
) -> db::Result<Option<AccessFacts>> {
    let row = sqlx::query!(
        r#"with seen as (
             update token_pairs set used_at = $2 where access_token_hash = $1 and used_at is null
           ), connected as (
             update grants g set last_used_at = $2 from token_families f, token_pairs t
             where t.access_token_hash = $1 and f.id = t.family_id and g.id = f.grant_id
               and (g.last_used_at is null or g.last_used_at < $2 - make_interval(secs => $3))
           )
           select t.scopes, t.fields, t.issued_at, g.id as grant_id, g.app_id, a.origins,
                  g.scopes as grant_scopes, g.fields as grant_fields, g.refused_scopes,
                  f.scopes as family_scopes, p.person as "person!: Json<Person>",
                  is_live(t) and exists (select from live_token_families l where l.id = f.id) as "is_live!"
           from token_pairs t
           join token_families f on f.id = t.family_id
           join grants g on g.id = f.grant_id
           join apps a on a.id = g.app_id
           join person_records p on p.id = g.person_id
           where t.access_token_hash = $1"#,
        token.to_vec(),
        now,
        LAST_USED_STEP_SECONDS,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| AccessFacts {
        app: AppId(row.app_id),
        origins: row.origins,
        grant: GrantId(row.grant_id),
        is_live: row.is_live,
        issued_at: row.issued_at,
        access: granted_access(&row.scopes, &row.fields)
            .intersection(granted_access(&row.grant_scopes, &row.grant_fields)),
        withdrawn: ScopeSet::of_names(&row.family_scopes)
            .intersection(ScopeSet::of_names(&row.refused_scopes)),
        person: row.person.0,
    }))
}

/// Deletes codes and families of before these times, and families whose code of before that time was never
/// exchanged.
pub(super) async fn delete_spent(
    db: impl Executor<'_>,
    codes_before: Timestamp,
    families_before: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with old_families as (
           delete from token_families f
           where f.started_at < $2
             or (f.started_at < $1 and not exists (select from token_pairs t where t.family_id = f.id))
         )
         delete from authorization_codes where issued_at < $1",
        codes_before,
        families_before
    )
    .execute(db)
    .await?;
    Ok(())
}
