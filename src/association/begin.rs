//! A fresh verifier for a roll number and a mailbox.

use crate::clock::Moment;
use crate::db;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::ProofId;
use crate::secret::Secret;

use super::flow;
use super::model::Claim;
use super::model::Proof;
use super::model::Verifier;
use super::store;

/// Begins a proof in a browser, in place of what was under way there. What the browser has to keep is
/// the answer: whoever has it may go on.
pub(super) async fn begin(
    tx: &mut Tx,
    claim: Claim,
    before: Option<&Secret>,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<Secret> {
    if let Some(before) = before
        && let Some(before) = store::find_proof_to_change(tx, before.fingerprint()).await?
    {
        store::mark_cancelled(&mut **tx, before.id, now).await?;
    }
    let proof = Proof {
        id: ProofId::new(now, entropy),
        claim,
        verifier: Verifier::mint(entropy),
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
    let browser = Secret::mint(entropy);
    store::insert_proof(tx, &proof, browser.fingerprint(), now).await?;
    Ok(browser)
}
