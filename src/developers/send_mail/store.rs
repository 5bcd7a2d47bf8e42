//! The records of mails that apps sent.

use super::model::Sender;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, PersonId, SentMailId};
use crate::protocol::scope::ScopeSet;

/// The sending app, with its row locked: no other request sends for it until the transaction ends.
pub(super) async fn lock_sender(db: impl Executor<'_>, app: AppId) -> db::Result<Option<Sender>> {
    let row = sqlx::query!(
        r#"select name, contact, verified_at is not null as "is_verified!"
           from apps where id = $1 for no key update"#,
        app.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Sender {
        name: row.name,
        contact: row.contact,
        is_verified: row.is_verified,
    }))
}

/// The time of the `most`th latest mail since a time; none if there are fewer. `person`: only mails to
/// this person. `or_failed`: including mails that were not sent.
pub(super) async fn find_nth_last(
    db: impl Executor<'_>,
    app: AppId,
    person: Option<PersonId>,
    since: Timestamp,
    most: u32,
    or_failed: bool,
) -> db::Result<Option<Timestamp>> {
    let at = sqlx::query_scalar!(
        "select started_at from sent_mails
         where app_id = $1 and ($2::integer is null or person_id = $2) and started_at > $3
           and ($5 or status is distinct from false)
         order by started_at desc offset $4 limit 1",
        app.0,
        person.map(|person| person.0),
        since,
        i64::from(most) - 1,
        or_failed,
    )
    .fetch_optional(db)
    .await?;
    Ok(at)
}

pub(super) async fn insert(
    db: impl Executor<'_>,
    id: SentMailId,
    message_id: &str,
    app: AppId,
    person: PersonId,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "insert into sent_mails (id, message_id, app_id, person_id, started_at)
         values ($1, $2, $3, $4, $5)",
        id.0,
        message_id,
        app.0,
        person.0,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Records the outcome: accepted by the mail server, or the error.
pub(super) async fn mark_ended(
    db: impl Executor<'_>,
    id: SentMailId,
    error: Option<&str>,
) -> db::Result<()> {
    sqlx::query!(
        "update sent_mails set status = $2, error = $3 where id = $1",
        id.0,
        error.is_none(),
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Closes records whose process stopped before it recorded the outcome.
pub(super) async fn mark_lost(
    db: impl Executor<'_>,
    before: Timestamp,
    error: &str,
) -> db::Result<()> {
    sqlx::query!(
        "update sent_mails set status = false, error = $2 where status is null and started_at < $1",
        before,
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn delete_old(db: impl Executor<'_>, before: Timestamp) -> db::Result<()> {
    sqlx::query!("delete from sent_mails where started_at < $1", before)
        .execute(db)
        .await?;
    Ok(())
}

/// The app on the unsubscribe page, and the scopes that the person allows it.
#[derive(Debug)]
pub(super) struct UnsubscribeView {
    pub name: String,
    pub logo: Option<String>,
    pub allowed: ScopeSet,
}

pub(super) async fn find_writer(
    db: impl Executor<'_>,
    app: AppId,
    person: PersonId,
) -> db::Result<Option<UnsubscribeView>> {
    let row = sqlx::query!(
        r#"select apps.name, apps.logo, coalesce(grants.scopes, '{}') as "scopes!"
           from apps
           join people on people.id = $2
           left join grants on grants.app_id = apps.id and grants.person_id = people.id
                and grants.ended_at is null
           where apps.id = $1"#,
        app.0,
        person.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| UnsubscribeView {
        name: row.name,
        logo: row.logo,
        allowed: ScopeSet::of_names(&row.scopes),
    }))
}
