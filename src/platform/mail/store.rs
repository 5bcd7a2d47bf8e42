//! The outbox in the database.

use serde_json::Value;

use super::mailbox::{Carries, ToMailbox};
use crate::platform::clock::Moment;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AddresseeId, AppId, LetterId, PersonId};
use crate::platform::rng::Entropy;
use crate::platform::secret::Fingerprint;

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

/// Writes a letter to a mailbox, and where it goes, in one statement.
pub(super) async fn insert_to_mailbox(
    db: impl Executor<'_>,
    template: &'static str,
    id: AddresseeId,
    letter: ToMailbox<'_>,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<()> {
    sqlx::query!(
        "with addressee as (
           insert into addressees (id, address, about, carries, until) values ($3, $4, $5, $6, $7)
           returning id
         )
         insert into outbox (id, template, addressee_id, detail, written_at, due_at)
         select $1, $2, id, '{}', $8, $8 from addressee",
        LetterId::new(now, entropy).0,
        template,
        id.0,
        letter.address,
        letter.about,
        letter.carries.map(Carries::name),
        letter.until,
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
    /// None where it goes to a mailbox.
    pub person: Option<PersonId>,
    /// What the reader is called; at a mailbox, what the letter is about.
    pub name: String,
    /// Empty at a mailbox.
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

impl Claimed {
    /// How the reader is addressed. Whoever reads at an address that nobody has proved may be a stranger: they
    /// learn nobody's name, and nobody writes to them what they call themselves.
    pub(super) fn reader(&self) -> &str {
        match self.proves {
            Proves::Address(..) => &self.username,
            _ => &self.name,
        }
    }
}

/// Whether a letter is to prove that an address is read.
#[derive(Debug)]
pub(super) enum Proves {
    Nothing,
    /// The further address of this id.
    Address(i32, String),
    /// One that is verified by now, or gone.
    NoMore,
    /// A mailbox that is nobody's yet.
    Mailbox(AtMailbox),
}

/// Where a letter to a mailbox goes.
#[derive(Debug)]
pub(super) struct AtMailbox {
    pub id: AddresseeId,
    pub carries: Option<Carries>,
    pub until: Moment,
}

/// The same, as the statement reads it.
struct Row {
    id: uuid::Uuid,
    template: String,
    written_at: Moment,
    attempts: i32,
    person_id: Option<i32>,
    name: String,
    username: String,
    email: String,
    is_about_app: bool,
    app_id: Option<uuid::Uuid>,
    app_name: Option<String>,
    at: Option<i64>,
    is_to_prove: bool,
    address_id: Option<i32>,
    address: Option<String>,
    further: Option<String>,
    addressee_id: Option<uuid::Uuid>,
    carries: Option<String>,
    until: Option<Moment>,
}

/// Takes the letter that waits longest, for this process alone until `until`.
pub(super) async fn claim(
    db: impl Executor<'_>,
    now: Moment,
    until: Moment,
) -> db::Result<Option<Claimed>> {
    let row = sqlx::query_as!(
        Row,
        r#"with next as (
             select id from outbox
             where sent_at is null and given_up_at is null and due_at <= $1
             order by due_at limit 1
             for update skip locked
           ), claimed as (
             update outbox set due_at = $2, attempts = attempts + 1
             from next where outbox.id = next.id
             returning outbox.id, template, person_id, addressee_id, detail, written_at, attempts
           )
           select claimed.id as "id!", template as "template!", written_at as "written_at!",
                  attempts as "attempts!", claimed.person_id,
                  coalesce(nullif(trim(first_name || ' ' || last_name), ''), username, about) as "name!",
                  coalesce(username, '') as "username!",
                  coalesce(addressees.address, nullif(people.email, ''), proven.email, '') as "email!",
                  detail ? 'app' as "is_about_app!", apps.id as "app_id?",
                  apps.name as "app_name?", (detail ->> 'at')::bigint as at,
                  detail ? 'address' as "is_to_prove!", s.id as "address_id?", s.email as "address?",
                  told.email as "further?",
                  addressees.id as "addressee_id?", carries, until as "until?"
           from claimed
           left join people on people.id = claimed.person_id
           left join addressees on addressees.id = claimed.addressee_id
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
    Ok(row.map(Claimed::from))
}

impl From<Row> for Claimed {
    fn from(row: Row) -> Self {
        let mailbox = row.addressee_id.zip(row.until);
        let address = row.address_id.zip(row.address);
        let proves = match (mailbox, row.is_to_prove, address) {
            (Some((id, until)), ..) => Proves::Mailbox(AtMailbox {
                id: AddresseeId(id),
                carries: row.carries.as_deref().and_then(Carries::named),
                until,
            }),
            (None, false, _) => Proves::Nothing,
            (None, true, Some((id, address))) => Proves::Address(id, address),
            (None, true, None) => Proves::NoMore,
        };
        Self {
            id: LetterId(row.id),
            template: row.template,
            written_at: row.written_at,
            tries: row.attempts,
            person: row.person_id.map(PersonId),
            name: row.name,
            username: row.username,
            email: row.email,
            is_about_app: row.is_about_app,
            app: row.app_id.map(AppId).zip(row.app_name),
            at: row.at,
            further: row.further,
            proves,
        }
    }
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

/// Keeps what a letter to a mailbox carries, as a hash.
pub(super) async fn mark_carried(
    db: impl Executor<'_>,
    addressee: AddresseeId,
    carried: Fingerprint,
) -> db::Result<()> {
    sqlx::query!(
        "update addressees set fingerprint = $2 where id = $1",
        addressee.0,
        carried.to_vec()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which letter carried a link that is still good.
pub(super) async fn find_linked(
    db: impl Executor<'_>,
    link: Fingerprint,
    now: Moment,
) -> db::Result<Option<AddresseeId>> {
    let id = sqlx::query_scalar!(
        "select id from addressees where fingerprint = $1 and carries = 'link' and until > $2",
        link.to_vec(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(AddresseeId))
}

/// Takes the code of a letter, if this is it and it is still good.
pub(super) async fn mark_code_used(
    db: impl Executor<'_>,
    addressee: AddresseeId,
    code: Fingerprint,
    now: Moment,
) -> db::Result<bool> {
    let done = sqlx::query!(
        "update addressees set fingerprint = null
         where id = $1 and fingerprint = $2 and carries = 'code' and until > $3",
        addressee.0,
        code.to_vec(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes addresses of mailboxes, and the letters to them, of what was over before `before`.
pub(super) async fn delete_addressees(db: impl Executor<'_>, before: Moment) -> db::Result<()> {
    sqlx::query!("delete from addressees where until < $1", before)
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
