//! A fresh verifier for a roll number and a mailbox.

use super::model::{MailboxProof, ProofClaim, Verifier};
use super::{flow, store};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::ProofId;
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// Begins a proof in a browser, in place of what was under way there. What the browser has to keep is
/// the answer: whoever has it may go on.
pub(super) async fn begin(
    tx: &mut Tx,
    claim: ProofClaim,
    before: Option<&Secret>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Secret> {
    if let Some(before) = before
        && let Some(before) = store::find_proof_to_change(tx, before.token_hash()).await?
    {
        store::mark_cancelled(&mut **tx, before.id, now).await?;
    }
    let proof = MailboxProof {
        id: ProofId::new(now, rng),
        claim,
        verifier: Verifier::generate(rng),
        expires_at: now + flow::WINDOW,
        checks: 0,
        last_check_at: None,
        mails: 0,
        last_mail_at: None,
        question_seen_at: None,
        completed_at: None,
        cancelled_at: None,
        entered_at: None,
    };
    let browser = Secret::generate(rng);
    store::insert_proof(tx, &proof, browser.token_hash(), now).await?;
    Ok(browser)
}
