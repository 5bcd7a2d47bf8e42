//! Completes a proof by the mailed link, in one transaction.

use serde_json::json;

use super::model::{Association, AssociationError, MailboxProof};
use super::{PROVIDER, store};
use crate::connectors::erp::{ErpRollNumber, claims_for_roll_number};
use crate::connectors::mailed_code;
use crate::identity::login;
use crate::people::records;
use crate::people::records::{Claims, ExternalIdentity, PeopleError, ProvenIdentity};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::{Executor, Tx};
use crate::platform::mail::MailboxMessage;
use crate::platform::rng::Rng;
use crate::platform::web::SessionRetention;
use crate::platform::{audit, db, mail};

/// The mail to the mailbox that a roll number moves away from.
const MOVED_MAIL: &str = "association_moved";
/// How long delivery is retried.
const MOVED_MAIL_LIFETIME: std::time::Duration = std::time::Duration::from_hours(24);

/// The proof that this link confirms, if the link is valid.
pub(super) async fn find_linked_proof(
    db: impl Executor<'_> + Copy,
    link: &str,
    now: Timestamp,
) -> db::Result<Option<MailboxProof>> {
    match mail::find_by_link(db, link, now).await? {
        Some(mail_id) => store::find_mailed(db, mail_id).await,
        None => Ok(None),
    }
}

/// The claims for a new profile, from the roll number and the mailbox.
pub(super) async fn claims_for_proof(
    db: impl Executor<'_> + Copy,
    roll: &str,
    mailbox: &str,
    now: Timestamp,
) -> db::Result<Option<Claims>> {
    let Ok(roll) = ErpRollNumber::parse(roll) else {
        return Ok(None);
    };
    let claims = claims_for_roll_number(db, &roll, now).await?;
    Ok(claims.and_then(|claims| mailed_code::with_mailbox(claims, mailbox)))
}

/// Completes a proof: the roll number belongs to the mailbox from now on. Its identity is linked to the
/// person who began the proof while signed in; or else to the person it belonged to before; or else to a
/// new one. The previous mailbox gets a notice.
pub(super) async fn confirm(
    tx: &mut Tx,
    (link, proof): (&str, &MailboxProof),
    claims: Option<Claims>,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let mail_id = mail::find_by_link(&mut **tx, link, now).await?;
    let mail_id = mail_id.ok_or(AssociationError::Over)?;
    store::lock_roll(tx, &proof.claim.roll).await?;
    if !store::mark_completed(tx, proof.id, mail_id, now).await? {
        return Err(AssociationError::Over);
    }
    attach_identity(tx, proof, claims, now, rng).await?;
    let association = Association {
        roll: proof.claim.roll.clone(),
        email: proof.claim.email.clone(),
        proved_at: now,
        allows_look_ups: proof.claim.allows_look_ups,
    };
    let previous = store::put_association(tx, &association).await;
    let previous = previous.map_err(|error| {
        error.map_constraint("associations_email_key", AssociationError::MailboxTaken)
    })?;
    let previous_mailbox =
        previous.filter(|previous| !previous.eq_ignore_ascii_case(&association.email));
    if let Some(previous_mailbox) = previous_mailbox {
        let mail_id = MailboxMessage {
            address: Some(&previous_mailbox),
            about: &association.roll,
            carries: None,
            until: now + MOVED_MAIL_LIFETIME,
        };
        mail::enqueue_to_mailbox(&mut **tx, MOVED_MAIL, mail_id, now, rng).await?;
    }
    Ok(())
}

/// The identity that a proof proves.
pub(super) fn proven(proof: &MailboxProof, claims: Option<Claims>) -> ProvenIdentity {
    ProvenIdentity {
        identity: ExternalIdentity {
            provider: PROVIDER,
            subject: proof.claim.roll.clone(),
            claims: claims.map(Box::new),
            epoch: Some(proof.epoch),
        },
        epoch: proof.epoch,
    }
}

/// Links the identity to a person.
async fn attach_identity(
    tx: &mut Tx,
    proof: &MailboxProof,
    claims: Option<Claims>,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let person = if let Some(person) = proof.claim.person {
        login::link_identity(tx, person, &proven(proof, None), now, rng).await?;
        person
    } else {
        let account = records::find_or_create(tx, &proven(proof, claims), now, rng).await?;
        account.ok_or(PeopleError::UnknownPerson)?.person.id
    };
    // Also where the identity is not new: from now on its codes go to this mailbox.
    records::raise_credential_epoch(tx, person, SessionRetention::All).await?;
    let epoch = records::find_epoch(&mut **tx, person).await?;
    let epoch = epoch.ok_or(PeopleError::UnknownPerson)?;
    store::mark_epoch(tx, proof.id, epoch).await?;
    let entry = AuditEntry::of("association.proved")
        .by(person)
        .about(person);
    let entry = entry.with(json!({ "proof": proof.id, "through": "erp_question" }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(())
}
