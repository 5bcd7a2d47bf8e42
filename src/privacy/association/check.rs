//! A look at the question texts, within budget. No transaction is open while the portal is asked.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::flow::{PollResult, ProofDelay, ProofStep, QuestionPoll};
use super::limits::AssociationLimits;
use super::model::{AssociationError, MailboxProof};
use super::{flow, store};
use crate::connectors::ConnectorError;
use crate::connectors::erp::{ErpQuestions, ErpRollNumber};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::db::Tx;
use crate::platform::mail::{MailboxMessage, MailedSecret};
use crate::platform::rng::Rng;
use crate::platform::secret::TokenHash;
use crate::platform::{audit, db, mail};

/// The letter with the link.
const LINK: &str = "association_link";

/// How long the portal may take for one question.
const CALL: Duration = Duration::from_secs(5);

/// Counts a look at the questions of the proof that was begun in this browser, if there may be one now.
pub(super) async fn begin_look(
    tx: &mut Tx,
    browser: TokenHash,
    now: Timestamp,
) -> db::Result<Result<MailboxProof, ProofDelay>> {
    let Some(proof) = store::find_proof_to_change(tx, browser).await? else {
        return Ok(Err(ProofDelay::Over));
    };
    let since = now - flow::DAY;
    let roll = proof.claim.roll.as_str();
    let others = store::count_others_that_looked(&mut **tx, proof.id, roll, since).await?;
    if let Err(not_now) = flow::may_check(&proof, others, now) {
        return Ok(Err(not_now));
    }
    store::mark_looked(tx, proof.id, now).await?;
    Ok(Ok(proof))
}

/// Asks the portal for questions until one holds the verifier or enough were seen.
pub(super) async fn look(
    questions: &ErpQuestions,
    proof: &MailboxProof,
    limits: &AssociationLimits,
    clock: &dyn Clock,
) -> Result<PollResult, ConnectorError> {
    // It was one when the proof was begun.
    let roll = ErpRollNumber::parse(&proof.claim.roll).map_err(|_| ConnectorError::Expired)?;
    let mut look = QuestionPoll::begin(clock.now());
    loop {
        let now = clock.now();
        let wait = match look.step(now) {
            ProofStep::Stop(found) => return Ok(found),
            ProofStep::Wait(span) => span,
            ProofStep::Ask => match limits.calls.take((), now) {
                Ok(_counted) => {
                    let told = timeout(CALL, questions.one_question(&roll)).await;
                    let told = told.map_err(|_| ConnectorError::Unavailable)??;
                    let told = told.map(Zeroizing::new);
                    let told = told.as_ref().map(|text| text.as_str());
                    look.hear(told, &proof.verifier, clock.now());
                    continue;
                }
                // Others are looking: there may be time to wait for them.
                Err(slowed) if look.is_late(now + slowed.0) => {
                    return Err(ConnectorError::Busy(slowed.0));
                }
                Err(slowed) => slowed.0,
            },
        };
        tokio::time::sleep(wait).await;
    }
}

/// The verifier was seen: a link goes to the mailbox.
pub(super) async fn see(
    tx: &mut Tx,
    proof: &MailboxProof,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let until = now + flow::WINDOW;
    if !store::mark_question_seen(tx, proof.id, until, now).await? {
        return Err(AssociationError::Over);
    }
    mail_link(tx, proof, until, now, rng).await?;
    let entry = AuditEntry {
        person: proof.claim.person,
        actor: proof.claim.person,
        ..AuditEntry::of("association.question_seen")
    };
    let entry = entry.with(json!({ "proof": proof.id }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(())
}

/// Mails another link, if there may be one now. The one before is good no longer.
pub(super) async fn mail_again(
    tx: &mut Tx,
    browser: TokenHash,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Result<MailboxProof, ProofDelay>> {
    let Some(proof) = store::find_proof_to_change(tx, browser).await? else {
        return Ok(Err(ProofDelay::Over));
    };
    if let Err(not_now) = flow::may_mail(&proof, now) {
        return Ok(Err(not_now));
    }
    mail_link(tx, &proof, proof.expires_at, now, rng).await?;
    Ok(Ok(proof))
}

async fn mail_link(
    tx: &mut Tx,
    proof: &MailboxProof,
    until: Timestamp,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    let letter = MailboxMessage {
        address: &proof.claim.email,
        about: &proof.claim.roll,
        carries: Some(MailedSecret::Link),
        until,
    };
    let letter = mail::enqueue_to_mailbox(&mut **tx, LINK, letter, now, rng).await?;
    store::mark_mailed(tx, proof.id, letter, now).await
}
