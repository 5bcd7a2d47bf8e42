//! The outbox in the database.

use serde_json::Value;

use crate::clock::Moment;
use crate::db;
use crate::db::Executor;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::LetterId;
use crate::id::PersonId;

/// Puts a letter into the outbox, in the transaction of what it tells of. `template` is a folder below
/// `templates/mail/`; `detail` holds ids and moments and nothing that a queue must not hold: `app` is an
/// app's id, `at` the seconds since 1970 of the event.
pub async fn put(
    db: impl Executor<'_>,
    template: &'static str,
    person: PersonId,
    detail: Value,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<()> {
    sqlx::query!(
        "insert into outbox (id, template, person_id, detail, written_at, due_at)
         values ($1, $2, $3, $4, $5, $5)",
        LetterId::new(now, entropy).0,
        template,
        person.0,
        detail,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A letter to go out, with what it speaks of as it is now.
#[derive(Debug)]
pub(super) struct Claimed {
    pub id: LetterId,
    pub template: String,
    pub written_at: Moment,
    /// This one included.
    pub tries: i32,
    pub person: PersonId,
    pub name: String,
    pub email: String,
    /// Whether it is about an app; if there is none then, it is gone.
    pub is_about_app: bool,
    pub app: Option<(AppId, String)>,
    /// Seconds since 1970.
    pub at: Option<i64>,
}

/// Takes the letter that waits longest, for this process alone until `until`.
pub(super) async fn claim(
    db: impl Executor<'_>,
    now: Moment,
    until: Moment,
) -> db::Result<Option<Claimed>> {
    let row = sqlx::query!(
        r#"with next as (
             select id from outbox
             where sent_at is null and given_up_at is null and due_at <= $1
             order by due_at limit 1
             for update skip locked
           ), claimed as (
             update outbox set due_at = $2, attempts = attempts + 1
             from next where outbox.id = next.id
             returning outbox.id, template, person_id, detail, written_at, attempts
           )
           select claimed.id, template, written_at, attempts, person_id,
                  coalesce(nullif(trim(first_name || ' ' || last_name), ''), username) as "name!",
                  email, detail ? 'app' as "is_about_app!", apps.id as "app_id?",
                  apps.name as "app_name?", (detail ->> 'at')::bigint as at
           from claimed
           join people on people.id = claimed.person_id
           left join apps on apps.id::text = detail ->> 'app'"#,
        now,
        until,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Claimed {
        id: LetterId(row.id),
        template: row.template,
        written_at: row.written_at,
        tries: row.attempts,
        person: PersonId(row.person_id),
        name: row.name,
        email: row.email,
        is_about_app: row.is_about_app,
        app: row.app_id.map(AppId).zip(row.app_name),
        at: row.at,
    }))
}

pub(super) async fn mark_sent(db: impl Executor<'_>, id: LetterId, now: Moment) -> db::Result<()> {
    sqlx::query!("update outbox set sent_at = $2 where id = $1", id.0, now)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn mark_due(db: impl Executor<'_>, id: LetterId, at: Moment) -> db::Result<()> {
    sqlx::query!("update outbox set due_at = $2 where id = $1", id.0, at)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn mark_given_up(
    db: impl Executor<'_>,
    id: LetterId,
    now: Moment,
) -> db::Result<()> {
    sqlx::query!(
        "update outbox set given_up_at = $2 where id = $1",
        id.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes letters whose fate was sealed before `before`.
pub(super) async fn delete_done(db: impl Executor<'_>, before: Moment) -> db::Result<()> {
    sqlx::query!(
        "delete from outbox where sent_at < $1 or given_up_at < $1",
        before
    )
    .execute(db)
    .await?;
    Ok(())
}
