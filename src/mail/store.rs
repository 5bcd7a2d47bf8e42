//! The outbox in the database.

use serde_json::Value;

use crate::clock::Moment;
use crate::db;
use crate::db::Executor;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::LetterId;
use crate::id::PersonId;
use crate::secret::Fingerprint;

/// Puts a letter into the outbox, in the transaction of what it tells of. `template` is a folder below
/// `templates/mail/`; `detail` holds ids and moments and nothing that a queue must not hold: `app` is an
/// app's id, `at` the seconds since 1970 of the event, `further` the id of a further address. With `address`, the id of a further address, the
/// letter goes there instead of to the primary one, with a link that proves that it was read.
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
    pub username: String,
    /// The primary address; of somebody the directory has none for, the first that they proved.
    pub email: String,
    /// Whether it is about an app; if there is none then, it is gone.
    pub is_about_app: bool,
    pub app: Option<(AppId, String)>,
    /// Seconds since 1970.
    pub at: Option<i64>,
    /// The further address it tells of, unless that is gone.
    pub further: Option<String>,
    pub proves: Proves,
}

/// Whether a letter is to prove that an address is read.
#[derive(Debug)]
pub(super) enum Proves {
    Nothing,
    /// The further address of this id.
    Address(i32, String),
    /// One that is verified by now, or gone.
    NoMore,
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
           select claimed.id, template, written_at, attempts, claimed.person_id,
                  coalesce(nullif(trim(first_name || ' ' || last_name), ''), username) as "name!",
                  username, coalesce(nullif(people.email, ''), proven.email, '') as "email!",
                  detail ? 'app' as "is_about_app!", apps.id as "app_id?",
                  apps.name as "app_name?", (detail ->> 'at')::bigint as at,
                  detail ? 'address' as "is_to_prove!", s.id as "address_id?", s.email as "address?",
                  told.email as "further?"
           from claimed
           join people on people.id = claimed.person_id
           left join apps on apps.id::text = detail ->> 'app'
           left join secondary_emails s
             on s.id = (detail ->> 'address')::integer and s.person_id = claimed.person_id
             and s.verified_at is null
           left join lateral (
             select email from secondary_emails
             where person_id = claimed.person_id and verified_at is not null
             order by id limit 1
           ) proven on true
           left join secondary_emails told
             on told.id = (detail ->> 'further')::integer and told.person_id = claimed.person_id"#,
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
        username: row.username,
        email: row.email,
        is_about_app: row.is_about_app,
        app: row.app_id.map(AppId).zip(row.app_name),
        at: row.at,
        further: row.further,
        proves: match (row.is_to_prove, row.address_id.zip(row.address)) {
            (false, _) => Proves::Nothing,
            (true, Some((id, address))) => Proves::Address(id, address),
            (true, None) => Proves::NoMore,
        },
    }))
}

/// Keeps what proves that the further address `address` is read, and forgets what proves it no longer.
pub(super) async fn insert_proof(
    db: impl Executor<'_>,
    address: i32,
    link: Fingerprint,
    now: Moment,
    until: Moment,
) -> db::Result<()> {
    sqlx::query!(
        "with ended as (
           delete from email_proofs where secondary_email_id = $1 and expires_at <= $3
         )
         insert into email_proofs (fingerprint, secondary_email_id, expires_at)
         select $2, id, $4 from secondary_emails where id = $1",
        address,
        link.to_vec(),
        now,
        until,
    )
    .execute(db)
    .await?;
    Ok(())
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
