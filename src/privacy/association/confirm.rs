//! The mailed link, by a button: both halves in one transaction.

use serde_json::json;

use super::model::{Association, AssociationError, MailboxProof};
use super::{PROVIDER, store};
use crate::connectors::erp::{ErpRollNumber, campus_person};
use crate::connectors::mailed_code;
use crate::identity::login;
use crate::people::records;
use crate::people::records::{Claims, ExternalIdentity, PeopleError};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Executor, Tx};
use crate::platform::mail::MailboxMessage;
use crate::platform::rng::Rng;
use crate::platform::{audit, db, mail};

/// The letter to a mailbox that a roll number leaves.
const MOVED: &str = "association_moved";
/// How long it is tried to send.
const TOLD_WITHIN: std::time::Duration = std::time::Duration::from_hours(24);

/// The proof that this link confirms, if it is good.
pub(super) async fn find(
    db: impl Executor<'_> + Copy,
    link: &str,
    now: Timestamp,
) -> db::Result<Option<MailboxProof>> {
    match mail::find_by_link(db, link, now).await? {
        Some(letter) => store::find_mailed(db, letter).await,
        None => Ok(None),
    }
}

/// What the roll number says of whoever it belongs to, in case they are new here.
pub(super) async fn says(
    db: impl Executor<'_> + Copy,
    roll: &str,
    mailbox: &str,
    now: Timestamp,
) -> db::Result<Option<Claims>> {
    let Ok(roll) = ErpRollNumber::parse(roll) else {
        return Ok(None);
    };
    let says = campus_person(db, &roll, now).await?;
    Ok(says.and_then(|says| mailed_code::with_mailbox(says, mailbox)))
}

/// Completes a proof: the roll number belongs to the mailbox from now on, and signs in whoever began the
/// proof from their profile; else whom it belonged to before; else somebody new. The mailbox that it
/// belonged to before is told.
pub(super) async fn confirm(
    tx: &mut Tx,
    (link, proof): (&str, &MailboxProof),
    says: Option<Claims>,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let letter = mail::find_by_link(&mut **tx, link, now).await?;
    let letter = letter.ok_or(AssociationError::Over)?;
    store::lock_roll(tx, &proof.claim.roll).await?;
    if !store::mark_completed(tx, proof.id, letter, now).await? {
        return Err(AssociationError::Over);
    }
    give_to_person(tx, proof, says, now, rng).await?;
    let association = Association {
        roll: proof.claim.roll.clone(),
        email: proof.claim.email.clone(),
        proved_at: now,
        allows_look_ups: proof.claim.allows_look_ups,
    };
    let before = store::put_association(tx, &association).await;
    let before = before.map_err(|error| {
        error.map_constraint("associations_email_key", AssociationError::MailboxTaken)
    })?;
    let left = before.filter(|before| !before.eq_ignore_ascii_case(&association.email));
    if let Some(left) = left {
        let letter = MailboxMessage {
            address: &left,
            about: &association.roll,
            carries: None,
            until: now + TOLD_WITHIN,
        };
        mail::enqueue_to_mailbox(&mut **tx, MOVED, letter, now, rng).await?;
    }
    Ok(())
}

/// Whose way to sign in it becomes.
async fn give_to_person(
    tx: &mut Tx,
    proof: &MailboxProof,
    says: Option<Claims>,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let roll = &proof.claim.roll;
    let person = if let Some(person) = proof.claim.person {
        let identity = ExternalIdentity {
            provider: PROVIDER,
            subject: roll.clone(),
            says: None,
        };
        login::link_identity(tx, person, &identity, now, rng).await?;
        person
    } else {
        let identity = ExternalIdentity {
            provider: PROVIDER,
            subject: roll.clone(),
            says: says.map(Box::new),
        };
        let joined = records::join(tx, &identity, now, rng).await?;
        joined.ok_or(PeopleError::Nobody)?.person.id
    };
    let entry = AuditEntry::of("association.proved")
        .by(person)
        .about(person);
    let entry = entry.with(json!({ "proof": proof.id, "through": "erp_question" }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(())
}
