//! Looks for the verifier in the security questions, within the limits. No transaction is open during
//! requests to ERP.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::model::{AssociationError, MailboxProof};
use super::rate_limits::AssociationLimits;
use super::rules::{PollResult, ProofDelay, ProofStep, QuestionPoll};
use super::{rules, store};
use crate::connectors::ConnectorError;
use crate::connectors::erp::{ErpQuestions, ErpRollNumber};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::{Clock, Timestamp};
use crate::platform::db::Tx;
use crate::platform::mail::{MailboxMessage, MailedSecret};
use crate::platform::rng::Rng;
use crate::platform::secret::SecretHash;
use crate::platform::{audit, db, mail};

/// The mail with the link.
const LINK_MAIL: &str = "association_link";

/// The timeout of a request for one question.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Counts a poll of the browser's proof, if one is allowed now.
pub(super) async fn begin_poll(
    tx: &mut Tx,
    browser: SecretHash,
    now: Timestamp,
) -> db::Result<Result<MailboxProof, ProofDelay>> {
    let Some(proof) = store::lock_proof(tx, browser).await? else {
        return Ok(Err(ProofDelay::Over));
    };
    let since = now - rules::DAY;
    let roll = proof.claim.roll.as_str();
    let others = store::count_other_polled_proofs(&mut **tx, proof.id, roll, since).await?;
    if let Err(delay) = rules::check_poll_allowed(&proof, others, now) {
        return Ok(Err(delay));
    }
    store::count_poll(tx, proof.id, now).await?;
    Ok(Ok(proof))
}

/// Fetches questions from ERP until one contains the verifier or enough were seen.
pub(super) async fn poll_questions(
    questions: &ErpQuestions,
    proof: &MailboxProof,
    limits: &AssociationLimits,
    clock: &dyn Clock,
) -> Result<PollResult, ConnectorError> {
    // It was valid when the proof began.
    let roll = ErpRollNumber::parse(&proof.claim.roll).map_err(|_| ConnectorError::Expired)?;
    let mut poll = QuestionPoll::start(clock.now());
    loop {
        let now = clock.now();
        let wait = match poll.next_step(now) {
            ProofStep::Stop(result) => return Ok(result),
            ProofStep::Wait(span) => span,
            ProofStep::Fetch => match limits.calls.take(()) {
                Ok(_counted) => {
                    let question = timeout(CALL_TIMEOUT, questions.fetch_question(&roll)).await;
                    let question = question.map_err(|_| ConnectorError::Unavailable)??;
                    let question = question.map(Zeroizing::new);
                    let question = question.as_ref().map(|text| text.as_str());
                    poll.record_question(question, &proof.verifier, clock.now());
                    continue;
                }
                // The limit of all proofs together is reached: wait if there is time.
                Err(rate_limited) if poll.is_timed_out(now + rate_limited.0) => {
                    return Err(ConnectorError::Busy(rate_limited.0));
                }
                Err(rate_limited) => rate_limited.0,
            },
        };
        tokio::time::sleep(wait).await;
    }
}

/// Records that the verifier was seen, and mails the link.
pub(super) async fn record_verifier_seen(
    tx: &mut Tx,
    proof: &MailboxProof,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), AssociationError> {
    let until = now + rules::WINDOW;
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

/// Mails another link, if one is allowed now. The previous link becomes invalid.
pub(super) async fn mail_again(
    tx: &mut Tx,
    browser: SecretHash,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Result<MailboxProof, ProofDelay>> {
    let Some(proof) = store::lock_proof(tx, browser).await? else {
        return Ok(Err(ProofDelay::Over));
    };
    if let Err(delay) = rules::check_mail_allowed(&proof, now) {
        return Ok(Err(delay));
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
    let mail_id = MailboxMessage {
        address: Some(&proof.claim.email),
        about: &proof.claim.roll,
        carries: Some(MailedSecret::Link),
        until,
    };
    let mail_id = mail::enqueue_to_mailbox(&mut **tx, LINK_MAIL, mail_id, now, rng).await?;
    store::mark_mailed(tx, proof.id, mail_id, now).await
}
