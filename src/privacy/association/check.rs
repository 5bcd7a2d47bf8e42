//! A look at the question texts, within budget. No transaction is open while the portal is asked.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::flow::{Found, Look, NotNow, Step};
use super::limits::Limits;
use super::model::{AssociationError, Proof};
use super::{flow, store};
use crate::connectors::UpstreamError;
use crate::connectors::erp::{Questions, Roll};
use crate::platform::audit::Entry;
use crate::platform::clock::{Clock, Moment};
use crate::platform::db::Tx;
use crate::platform::mail::{Carries, ToMailbox};
use crate::platform::rng::Entropy;
use crate::platform::secret::Fingerprint;
use crate::platform::{audit, db, mail};

/// The letter with the link.
const LINK: &str = "association_link";

/// How long the portal may take for one question.
const CALL: Duration = Duration::from_secs(5);

/// Counts a look at the questions of the proof that was begun in this browser, if there may be one now.
pub(super) async fn begin_look(
    tx: &mut Tx,
    browser: Fingerprint,
    now: Moment,
) -> db::Result<Result<Proof, NotNow>> {
    let Some(proof) = store::find_proof_to_change(tx, browser).await? else {
        return Ok(Err(NotNow::Over));
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
    questions: &Questions,
    proof: &Proof,
    limits: &Limits,
    clock: &dyn Clock,
) -> Result<Found, UpstreamError> {
    // It was one when the proof was begun.
    let roll = Roll::parse(&proof.claim.roll).map_err(|_| UpstreamError::Expired)?;
    let mut look = Look::begin(clock.now());
    loop {
        let now = clock.now();
        let wait = match look.step(now) {
            Step::Stop(found) => return Ok(found),
            Step::Wait(span) => span,
            Step::Ask => match limits.calls.take((), now) {
                Ok(_counted) => {
                    let told = timeout(CALL, questions.one_question(&roll)).await;
                    let told = told.map_err(|_| UpstreamError::Unavailable)??;
                    let told = told.map(Zeroizing::new);
                    let told = told.as_ref().map(|text| text.as_str());
                    look.hear(told, &proof.verifier, clock.now());
                    continue;
                }
                // Others are looking: there may be time to wait for them.
                Err(slowed) if look.is_late(now + slowed.0) => {
                    return Err(UpstreamError::Busy(slowed.0));
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
    proof: &Proof,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<(), AssociationError> {
    let until = now + flow::WINDOW;
    if !store::mark_question_seen(tx, proof.id, until, now).await? {
        return Err(AssociationError::Over);
    }
    mail_link(tx, proof, until, now, entropy).await?;
    let entry = Entry {
        person: proof.claim.person,
        actor: proof.claim.person,
        ..Entry::of("association.question_seen")
    };
    let entry = entry.with(json!({ "proof": proof.id }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok(())
}

/// Mails another link, if there may be one now. The one before is good no longer.
pub(super) async fn mail_again(
    tx: &mut Tx,
    browser: Fingerprint,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Result<Proof, NotNow>> {
    let Some(proof) = store::find_proof_to_change(tx, browser).await? else {
        return Ok(Err(NotNow::Over));
    };
    if let Err(not_now) = flow::may_mail(&proof, now) {
        return Ok(Err(not_now));
    }
    mail_link(tx, &proof, proof.expires_at, now, entropy).await?;
    Ok(Ok(proof))
}

async fn mail_link(
    tx: &mut Tx,
    proof: &Proof,
    until: Moment,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<()> {
    let letter = ToMailbox {
        address: &proof.claim.email,
        about: &proof.claim.roll,
        carries: Some(Carries::Link),
        until,
    };
    let letter = mail::put_to_mailbox(&mut **tx, LINK, letter, now, entropy).await?;
    store::mark_mailed(tx, proof.id, letter, now).await
}
