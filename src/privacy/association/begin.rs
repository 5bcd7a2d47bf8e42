//! Begins a proof with a new verifier.

use super::model::{MailboxProof, ProofClaim, Verifier};
use super::{rules, store};
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::ProofId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// Begins a proof and cancels the one under way in the same browser. Returns the secret for the
/// browser's cookie, which authorises every later step.
pub(super) async fn begin(
    tx: &mut Tx,
    (claim, epoch): (ProofClaim, CredentialEpoch),
    previous: Option<&Secret>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Secret> {
    if let Some(previous) = previous
        && let Some(previous) = store::lock_proof(tx, previous.hash()).await?
    {
        store::mark_cancelled(&mut **tx, previous.id, now).await?;
    }
    let proof = MailboxProof {
        id: ProofId::new(now, rng),
        claim,
        verifier: Verifier::generate(rng),
        epoch,
        is_superseded: false,
        expires_at: now + rules::WINDOW,
        checks: 0,
        last_check_at: None,
        mails: 0,
        last_mail_at: None,
        question_seen_at: None,
        completed_at: None,
        cancelled_at: None,
        entered_at: None,
    };
    let browser_secret = Secret::generate(rng);
    store::insert_proof(tx, &proof, browser_secret.hash(), now).await?;
    Ok(browser_secret)
}
