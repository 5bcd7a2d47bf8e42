//! The outbox and the proofs of mailed secrets.

use serde_json::Value;

use super::mailed_secret::{MailboxMessage, MailedSecret};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::id::{AppId, MailId, MailedSecretId, PersonId};
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;

/// Adds a mail to the outbox, in the transaction of the event. `template` is a folder below
/// `templates/mail/`.
///
/// `detail` holds ids and times only: `app` is the id of an app, `at` the time of the event in seconds
/// since 1970, `further` the id of a secondary address that the mail is about. With `address`, the id of
/// a secondary address, the mail is sent there instead of to the primary address, with a confirmation
/// link.
pub async fn enqueue(
    db: impl Executor<'_>,
    template: &'static str,
    person: PersonId,
    detail: Value,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    sqlx::query!(
        "insert into outbox (id, template, person_id, detail, queued_at, due_at)
         values ($1, $2, $3, $4, $5, $5)",
        MailId::new(now, rng).0,
        template,
        person.0,
        detail,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Inserts a mail to a mailbox and its recipient, in one statement.
pub(super) async fn insert_to_mailbox(
    db: impl Executor<'_>,
    template: &'static str,
    id: MailedSecretId,
    mail: MailboxMessage<'_>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    sqlx::query!(
        "with addressee as (
           insert into mail_recipients (id, address, about, secret_kind, expires_at) values ($3, $4, $5, $6, $7)
           returning id
         )
         insert into outbox (id, template, mail_recipient_id, detail, queued_at, due_at, given_up_at)
         select $1, $2, id, '{}', $8, $8, $9::timestamptz from addressee",
        MailId::new(now, rng).0,
        template,
        id.0,
        mail.address.unwrap_or_default(),
        mail.about,
        mail.carries.map(MailedSecret::name),
        mail.until,
        now,
        mail.address.is_none().then_some(now),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A mail to send, with the current data of the person and the app.
#[derive(Debug)]
pub(super) struct ClaimedMail {
    pub id: MailId,
    pub template: String,
    pub written_at: Timestamp,
    /// Including this one.
    pub attempts: i32,
    /// `None` for a mail to a mailbox.
    pub person: Option<PersonId>,
    /// The name of the person; for a mailbox, what the mail is about.
    pub name: String,
    /// Empty for a mailbox.
    pub username: String,
    /// The primary address, or the first verified secondary address of a person without one.
    pub email: String,
    /// Whether it is about an app. If `app` is `None` then, the app was deleted.
    pub is_about_app: bool,
    pub app: Option<(AppId, String)>,
    /// The time of the event, in seconds since 1970.
    pub at: Option<i64>,
    /// The secondary address it is about, if it still exists.
    pub further: Option<String>,
    pub proves: ProofKind,
}

impl ClaimedMail {
    /// The name in the greeting. Security: an unverified address may belong to a stranger, who must not
    /// learn the person's name or receive text of the person's choice, so such a mail uses the username.
    pub(super) fn recipient_name(&self) -> &str {
        match self.proves {
            ProofKind::Address(_) => &self.username,
            _ => &self.name,
        }
    }
}

/// What a mail proves when its secret is used.
#[derive(Debug)]
pub(super) enum ProofKind {
    Nothing,
    /// Access to a secondary address.
    Address(AddressProof),
    /// Access to a secondary address that is already verified or was removed, or a credential event of the person
    /// came after the mail was asked for.
    Obsolete,
    /// Access to a mailbox that belongs to no account.
    Mailbox(MailboxRecipient),
}

/// The secondary address that a mail confirms.
#[derive(Debug)]
pub(super) struct AddressProof {
    pub id: i32,
    pub address: String,
    /// The person's epoch when the mail was asked for.
    pub epoch: CredentialEpoch,
}

/// The recipient of a mail to a mailbox.
#[derive(Debug)]
pub(super) struct MailboxRecipient {
    pub id: MailedSecretId,
    pub carries: Option<MailedSecret>,
    pub until: Timestamp,
}

/// The row of the statement.
struct OutboxRow {
    id: uuid::Uuid,
    template: String,
    queued_at: Timestamp,
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
    epoch: Option<i32>,
    further: Option<String>,
    mail_recipient_id: Option<uuid::Uuid>,
    secret_kind: Option<String>,
    expires_at: Option<Timestamp>,
}

/// Claims the mail that has been due the longest, until `until`.
pub(super) async fn claim(
    db: impl Executor<'_>,
    now: Timestamp,
    until: Timestamp,
) -> db::Result<Option<ClaimedMail>> {
    let row = sqlx::query_as!(
        OutboxRow,
        r#"with next as (
             select id from outbox
             where sent_at is null and given_up_at is null and due_at <= $1
             order by due_at limit 1
             for update skip locked
           ), claimed as (
             update outbox set due_at = $2, attempts = attempts + 1
             from next where outbox.id = next.id
             returning outbox.id, template, person_id, mail_recipient_id, detail, queued_at, attempts
           )
           select claimed.id as "id!", template as "template!", queued_at as "queued_at!",
                  attempts as "attempts!", claimed.person_id,
                  coalesce(nullif(trim(first_name || ' ' || last_name), ''), username, about) as "name!",
                  coalesce(username, '') as "username!",
                  coalesce(mail_recipients.address, nullif(people.email, ''), proven.email, '') as "email!",
                  detail ? 'app' as "is_about_app!", apps.id as "app_id?",
                  apps.name as "app_name?", (detail ->> 'at')::bigint as at,
                  detail ? 'address' as "is_to_prove!", s.id as "address_id?", s.email as "address?",
                  (detail ->> 'epoch')::integer as epoch,
                  told.email as "further?",
                  mail_recipients.id as "mail_recipient_id?", secret_kind, expires_at as "expires_at?"
           from claimed
           left join people on people.id = claimed.person_id
           left join mail_recipients on mail_recipients.id = claimed.mail_recipient_id
           left join apps on apps.id::text = detail ->> 'app'
           left join secondary_emails s
             on s.id = (detail ->> 'address')::integer and s.person_id = claimed.person_id
             and s.verified_at is null and people.epoch = (detail ->> 'epoch')::integer
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
    Ok(row.map(ClaimedMail::from))
}

impl From<OutboxRow> for ClaimedMail {
    fn from(row: OutboxRow) -> Self {
        let mailbox = row.mail_recipient_id.zip(row.expires_at);
        let address = row.address_id.zip(row.address).zip(row.epoch);
        let proves = match (mailbox, row.is_to_prove, address) {
            (Some((id, until)), ..) => ProofKind::Mailbox(MailboxRecipient {
                id: MailedSecretId(id),
                carries: row.secret_kind.as_deref().and_then(MailedSecret::named),
                until,
            }),
            (None, false, _) => ProofKind::Nothing,
            (None, true, Some(((id, address), epoch))) => ProofKind::Address(AddressProof {
                id,
                address,
                epoch: CredentialEpoch(epoch),
            }),
            (None, true, None) => ProofKind::Obsolete,
        };
        Self {
            id: MailId(row.id),
            template: row.template,
            written_at: row.queued_at,
            attempts: row.attempts,
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

/// Stores the hash of the confirmation link of a secondary address, and deletes expired ones.
pub(super) async fn insert_proof(
    db: impl Executor<'_>,
    proof: &AddressProof,
    link: SecretHash,
    now: Timestamp,
    until: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "with ended as (
           delete from email_confirmations where secondary_email_id = $1 and expires_at <= $3
         )
         insert into email_confirmations (hash, secondary_email_id, epoch, expires_at)
         select $2, id, $5, $4 from secondary_emails where id = $1",
        proof.id,
        link.to_vec(),
        now,
        until,
        proof.epoch.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Stores the hash of the secret in a mail to a mailbox.
pub(super) async fn set_mailed_secret(
    db: impl Executor<'_>,
    addressee: MailedSecretId,
    secret: SecretHash,
) -> db::Result<()> {
    sqlx::query!(
        "update mail_recipients set hash = $2 where id = $1",
        addressee.0,
        secret.to_vec()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Finds the mail of a link that has not expired.
pub(super) async fn find_by_link(
    db: impl Executor<'_>,
    link: SecretHash,
    now: Timestamp,
) -> db::Result<Option<MailedSecretId>> {
    let id = sqlx::query_scalar!(
        "select id from mail_recipients where hash = $1 and secret_kind = 'link' and expires_at > $2",
        link.to_vec(),
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(MailedSecretId))
}

/// Marks the code of a mail as used, if it is right and has not expired.
pub(super) async fn mark_code_used(
    db: impl Executor<'_>,
    addressee: MailedSecretId,
    code: SecretHash,
    now: Timestamp,
) -> db::Result<bool> {
    let updated = sqlx::query!(
        "update mail_recipients set hash = null
         where id = $1 and hash = $2 and secret_kind = 'code' and expires_at > $3",
        addressee.0,
        code.to_vec(),
        now
    )
    .execute(db)
    .await?;
    Ok(updated.rows_affected() > 0)
}

/// Deletes mailbox recipients whose secret expired before `before`, with their mails.
pub(super) async fn delete_addressees(db: impl Executor<'_>, before: Timestamp) -> db::Result<()> {
    sqlx::query!("delete from mail_recipients where expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn mark_sent(db: impl Executor<'_>, id: MailId, now: Timestamp) -> db::Result<()> {
    sqlx::query!("update outbox set sent_at = $2 where id = $1", id.0, now)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn mark_due(db: impl Executor<'_>, id: MailId, at: Timestamp) -> db::Result<()> {
    sqlx::query!("update outbox set due_at = $2 where id = $1", id.0, at)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn mark_given_up(
    db: impl Executor<'_>,
    id: MailId,
    now: Timestamp,
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

/// Deletes mails that were sent or given up before `before`.
pub(super) async fn delete_done(db: impl Executor<'_>, before: Timestamp) -> db::Result<()> {
    sqlx::query!(
        "delete from outbox where sent_at < $1 or given_up_at < $1",
        before
    )
    .execute(db)
    .await?;
    Ok(())
}
