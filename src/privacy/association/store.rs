//! SQL of associations and proofs.

use super::PROVIDER;
use super::model::{Association, AssociationKey, MailboxProof, ProofClaim, Verifier};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::{Executor, Tx};
use crate::platform::id::{MailedSecretId, PersonId, ProofId};
use crate::platform::secret::SecretHash;

/// The columns of `association_proofs` that every query here reads.
struct ProofRow {
    id: uuid::Uuid,
    roll: String,
    email: String,
    verifier: String,
    person_id: Option<i32>,
    allows_look_ups: bool,
    next: Option<String>,
    epoch: i32,
    is_superseded: bool,
    expires_at: Timestamp,
    checks: i32,
    last_check_at: Option<Timestamp>,
    mails: i32,
    last_mail_at: Option<Timestamp>,
    question_seen_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    signed_in_at: Option<Timestamp>,
}

impl From<ProofRow> for MailboxProof {
    fn from(row: ProofRow) -> Self {
        Self {
            id: ProofId(row.id),
            claim: ProofClaim {
                roll: row.roll,
                email: row.email,
                person: row.person_id.map(PersonId),
                allows_look_ups: row.allows_look_ups,
                next: row.next,
            },
            verifier: Verifier::from_stored(row.verifier),
            epoch: CredentialEpoch(row.epoch),
            is_superseded: row.is_superseded,
            expires_at: row.expires_at,
            checks: row.checks,
            last_check_at: row.last_check_at,
            mails: row.mails,
            last_mail_at: row.last_mail_at,
            question_seen_at: row.question_seen_at,
            completed_at: row.completed_at,
            cancelled_at: row.cancelled_at,
            entered_at: row.signed_in_at,
        }
    }
}

/// Inserts a proof. The one under way in the same browser was cancelled before.
pub(super) async fn insert_proof(
    tx: &mut Tx,
    proof: &MailboxProof,
    browser: SecretHash,
    now: Timestamp,
) -> db::Result<()> {
    let claim = &proof.claim;
    sqlx::query!(
        "insert into association_proofs (id, roll, email, verifier, browser, person_id,
                                         allows_look_ups, next, started_at, expires_at, epoch)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        proof.id.0,
        claim.roll,
        claim.email,
        proof.verifier.as_str(),
        browser.to_vec(),
        claim.person.map(|person| person.0),
        claim.allows_look_ups,
        claim.next,
        now,
        proof.expires_at,
        proof.epoch.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The proof that was begun in this browser.
pub(super) async fn find_proof(
    db: impl Executor<'_>,
    browser: SecretHash,
) -> db::Result<Option<MailboxProof>> {
    let row = sqlx::query_as!(
        ProofRow,
        r#"select id, roll, email, verifier, person_id, allows_look_ups, next, epoch,
                  is_superseded(association_proofs) as "is_superseded!", expires_at, checks, last_check_at, mails,
                  last_mail_at, question_seen_at, completed_at, cancelled_at, signed_in_at
           from association_proofs where browser = $1"#,
        browser.to_vec(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(MailboxProof::from))
}

/// The same, locked until the transaction ends.
pub(super) async fn lock_proof(
    tx: &mut Tx,
    browser: SecretHash,
) -> db::Result<Option<MailboxProof>> {
    let row = sqlx::query_as!(
        ProofRow,
        r#"select id, roll, email, verifier, person_id, allows_look_ups, next, epoch,
                  is_superseded(association_proofs) as "is_superseded!", expires_at, checks, last_check_at, mails,
                  last_mail_at, question_seen_at, completed_at, cancelled_at, signed_in_at
           from association_proofs where browser = $1
           for update"#,
        browser.to_vec(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(MailboxProof::from))
}

/// The proof whose newest mail this is.
pub(super) async fn find_mailed(
    db: impl Executor<'_>,
    mail_id: MailedSecretId,
) -> db::Result<Option<MailboxProof>> {
    let row = sqlx::query_as!(
        ProofRow,
        r#"select id, roll, email, verifier, person_id, allows_look_ups, next, epoch,
                  is_superseded(association_proofs) as "is_superseded!", expires_at, checks, last_check_at, mails,
                  last_mail_at, question_seen_at, completed_at, cancelled_at, signed_in_at
           from association_proofs where mail_recipient_id = $1"#,
        mail_id.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(MailboxProof::from))
}

/// The number of other proofs for this roll number that began after `since` and were polled.
pub(super) async fn count_other_polled_proofs(
    db: impl Executor<'_>,
    proof: ProofId,
    roll: &str,
    since: Timestamp,
) -> db::Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from association_proofs
           where roll = $1 and id <> $2 and checks > 0 and started_at > $3"#,
        roll,
        proof.0,
        since,
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// Counts a poll.
pub(super) async fn count_poll(tx: &mut Tx, proof: ProofId, now: Timestamp) -> db::Result<()> {
    sqlx::query!(
        "update association_proofs set checks = checks + 1, last_check_at = $2 where id = $1",
        proof.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reverts the count of a poll that failed; its time stays.
pub(super) async fn undo_poll_count(db: impl Executor<'_>, proof: ProofId) -> db::Result<()> {
    sqlx::query!(
        "update association_proofs set checks = checks - 1 where id = $1 and checks > 0",
        proof.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Records that the verifier was seen; the mailbox can be confirmed until `until`. Returns whether the
/// proof was still pending.
pub(super) async fn mark_question_seen(
    tx: &mut Tx,
    proof: ProofId,
    until: Timestamp,
    now: Timestamp,
) -> db::Result<bool> {
    let done = sqlx::query!(
        "update association_proofs set question_seen_at = $2, expires_at = $3
         where id = $1 and question_seen_at is null and cancelled_at is null and expires_at > $2
           and not is_superseded(association_proofs)",
        proof.0,
        now,
        until
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records a mail: its link is valid from now on, and earlier links are not.
pub(super) async fn mark_mailed(
    tx: &mut Tx,
    proof: ProofId,
    mail_id: MailedSecretId,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "update association_proofs
         set mail_recipient_id = $2, mails = mails + 1, last_mail_at = $3
         where id = $1",
        proof.0,
        mail_id.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Serialises completions for this roll number until the transaction ends.
pub(super) async fn lock_roll(tx: &mut Tx, roll: &str) -> db::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('association ' || $1, 0))::text",
        roll
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// Completes a proof whose question was seen, by the newest mail's link, and cancels every other open
/// proof for the roll number. Returns whether the proof could be completed.
pub(super) async fn mark_completed(
    tx: &mut Tx,
    proof: ProofId,
    mail_id: MailedSecretId,
    now: Timestamp,
) -> db::Result<bool> {
    let done = sqlx::query_scalar!(
        r#"with done as (
             update association_proofs set completed_at = $3
             where id = $1 and mail_recipient_id = $2 and question_seen_at is not null
               and completed_at is null and cancelled_at is null and expires_at > $3
               and not is_superseded(association_proofs)
             returning id, roll
           ), given_up as (
             update association_proofs o set cancelled_at = $3
             from done
             where o.roll = done.roll and o.id <> done.id
               and o.completed_at is null and o.cancelled_at is null
           )
           select id from done"#,
        proof.0,
        mail_id.0,
        now
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(done.is_some())
}

/// Moves a completed proof to the epoch that its completion raised, so that the browser can continue.
pub(super) async fn mark_epoch(
    tx: &mut Tx,
    proof: ProofId,
    epoch: CredentialEpoch,
) -> db::Result<()> {
    sqlx::query!(
        "update association_proofs set epoch = $2 where id = $1",
        proof.0,
        epoch.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn mark_cancelled(
    db: impl Executor<'_>,
    proof: ProofId,
    now: Timestamp,
) -> db::Result<()> {
    sqlx::query!(
        "update association_proofs set cancelled_at = $2
         where id = $1 and completed_at is null and cancelled_at is null",
        proof.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Records that the browser continued after completion. Returns whether it was the first time.
pub(super) async fn mark_entered(tx: &mut Tx, proof: ProofId, now: Timestamp) -> db::Result<bool> {
    let done = sqlx::query!(
        "update association_proofs set signed_in_at = $2
         where id = $1 and completed_at is not null and signed_in_at is null",
        proof.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes proofs that began before `before`.
pub(super) async fn delete_proofs(db: impl Executor<'_>, before: Timestamp) -> db::Result<()> {
    sqlx::query!(
        "delete from association_proofs where started_at < $1",
        before
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Upserts the association of a roll number. Returns its previous mailbox.
pub(super) async fn put_association(
    tx: &mut Tx,
    association: &Association,
) -> db::Result<Option<String>> {
    let before = sqlx::query_scalar!(
        "with before as (select email from associations where roll = $1),
         put as (
           insert into associations (roll, email, proof, proved_at, allows_look_ups)
           values ($1, $2, 'erp_question', $3, $4)
           on conflict (roll) do update
           set email = excluded.email, proof = excluded.proof, proved_at = excluded.proved_at,
               allows_look_ups = excluded.allows_look_ups
         )
         select email from before",
        association.roll,
        association.email,
        association.proved_at,
        association.allows_look_ups,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(before)
}

/// The association of a roll number, and the epoch of its owner.
pub(super) async fn find_association(
    db: impl Executor<'_>,
    roll: &str,
) -> db::Result<Option<(Association, CredentialEpoch)>> {
    let row = sqlx::query!(
        "select a.roll, a.email, a.proved_at, a.allows_look_ups, p.epoch
         from associations a
         join linked_identities i on i.provider = a.provider and i.subject = a.roll
         join people p on p.id = i.person_id
         where a.roll = $1",
        roll
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let association = Association {
            roll: row.roll,
            email: row.email,
            proved_at: row.proved_at,
            allows_look_ups: row.allows_look_ups,
        };
        (association, CredentialEpoch(row.epoch))
    }))
}

/// The associations of a person, by roll number.
pub(super) async fn list_associations(
    db: impl Executor<'_>,
    person: PersonId,
) -> db::Result<Vec<Association>> {
    let associations = sqlx::query_as!(
        Association,
        "select a.roll, a.email, a.proved_at, a.allows_look_ups
         from associations a
         join linked_identities i on i.provider = a.provider and i.subject = a.roll
         where i.person_id = $1 order by a.roll",
        person.0
    )
    .fetch_all(db)
    .await?;
    Ok(associations)
}

/// Sets whether apps may look up a person's association. Returns whether there is such an association.
pub(super) async fn mark_look_ups(
    db: impl Executor<'_>,
    person: PersonId,
    roll: &str,
    is_allowed: bool,
) -> db::Result<bool> {
    let done = sqlx::query!(
        "update associations a set allows_look_ups = $4
         from linked_identities i
         where i.provider = $1 and i.subject = a.roll and i.person_id = $2 and a.roll = $3",
        PROVIDER,
        person.0,
        roll,
        is_allowed
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// An association that may be looked up, and its person. Suspended accounts and accounts with a pending
/// deletion are excluded.
pub(super) async fn find_for_look_up(
    db: impl Executor<'_>,
    key: AssociationKey<'_>,
) -> db::Result<Option<(Association, PersonId)>> {
    let (roll, email) = match key {
        AssociationKey::Roll(roll) => (Some(roll), None),
        AssociationKey::Email(email) => (None, Some(email)),
    };
    let row = sqlx::query!(
        "select a.roll, a.email, a.proved_at, i.person_id
         from associations a
         join linked_identities i on i.provider = a.provider and i.subject = a.roll
         join people p on p.id = i.person_id and p.suspended_at is null
         where a.allows_look_ups and (a.roll = upper($1) or lower(a.email) = lower($2))
           and not exists (select from account_closures l where l.person_id = p.id)",
        roll,
        email,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let association = Association {
            roll: row.roll,
            email: row.email,
            proved_at: row.proved_at,
            allows_look_ups: true,
        };
        (association, PersonId(row.person_id))
    }))
}
