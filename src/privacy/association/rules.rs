//! The rules of a proof: what may be done with it, when, and how often; and the polling of the security
//! questions. Pure.
//!
//! ```text
//! Pending ──the verifier is seen in a question──▶ QuestionSeen ──the mailed link──▶ Complete
//!    │                                                  │
//!    └── half an hour: Expired      cancelled, another proof for the roll was completed, or
//!                                   a credential event of the person: Cancelled
//! ```
//!
//! | What | Limit |
//! |---|---|
//! | to change the question, and again to confirm the mailbox | 30 min each |
//! | polls of one proof | 10, 20 s apart |
//! | polled proofs for one roll number | 5 in 24 h |
//! | requests in one poll | 15, 150 ms apart, 20 s in all |
//! | mails to the mailbox | 1, and 3 more, 60 s apart |

use std::time::Duration;

use super::model::{MailboxProof, ProofStatus, Verifier};
use crate::platform::clock::Timestamp;
use crate::platform::secret::SecretHash;

/// How long each half of a proof may take.
pub(super) const WINDOW: Duration = Duration::from_mins(30);
pub(super) const CHECK_INTERVAL: Duration = Duration::from_secs(20);
const MAX_CHECKS: i32 = 10;
/// Polled proofs for one roll number in [`DAY`].
const MAX_PROOFS_PER_DAY: i64 = 5;
pub(super) const DAY: Duration = Duration::from_hours(24);
const MAIL_INTERVAL: Duration = Duration::from_mins(1);
const MAX_MAILS: i32 = 4;

/// Why something is not allowed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofDelay {
    /// The proof is not, or no longer, in the required state.
    Over,
    /// Allowed after this duration.
    Wait(Duration),
    /// The proof's limit is reached.
    LimitReached,
    /// The roll number's limit of polled proofs is reached today.
    DailyLimitReached,
}

pub(super) fn proof_status(proof: &MailboxProof, now: Timestamp) -> ProofStatus {
    match proof {
        MailboxProof {
            is_superseded: true,
            ..
        } => ProofStatus::Cancelled,
        MailboxProof {
            completed_at: Some(_),
            ..
        } => ProofStatus::Complete,
        MailboxProof {
            cancelled_at: Some(_),
            ..
        } => ProofStatus::Cancelled,
        MailboxProof { expires_at, .. } if now >= *expires_at => ProofStatus::Expired,
        MailboxProof {
            question_seen_at: Some(_),
            ..
        } => ProofStatus::QuestionSeen,
        _ => ProofStatus::Pending,
    }
}

/// Whether the questions may be polled now. `others` is the number of other proofs for this roll number
/// that were polled in the last [`DAY`].
pub(super) fn check_poll_allowed(
    proof: &MailboxProof,
    others: i64,
    now: Timestamp,
) -> Result<(), ProofDelay> {
    if proof_status(proof, now) != ProofStatus::Pending {
        return Err(ProofDelay::Over);
    }
    if proof.checks >= MAX_CHECKS {
        return Err(ProofDelay::LimitReached);
    }
    if proof.checks == 0 && others >= MAX_PROOFS_PER_DAY {
        return Err(ProofDelay::DailyLimitReached);
    }
    check_interval(proof.last_check_at, CHECK_INTERVAL, now)
}

/// Whether another mail may be sent to the mailbox now.
pub(super) fn check_mail_allowed(proof: &MailboxProof, now: Timestamp) -> Result<(), ProofDelay> {
    if proof_status(proof, now) != ProofStatus::QuestionSeen {
        return Err(ProofDelay::Over);
    }
    if proof.mails >= MAX_MAILS {
        return Err(ProofDelay::LimitReached);
    }
    check_interval(proof.last_mail_at, MAIL_INTERVAL, now)
}

/// Whether the browser may still continue after a complete proof.
pub(super) fn can_enter(proof: &MailboxProof, now: Timestamp) -> bool {
    let is_recent = |at: Timestamp| now < at + WINDOW;
    !proof.is_superseded && proof.entered_at.is_none() && proof.completed_at.is_some_and(is_recent)
}

fn check_interval(
    last: Option<Timestamp>,
    interval: Duration,
    now: Timestamp,
) -> Result<(), ProofDelay> {
    match last.map(|last| last + interval - now) {
        Some(remaining) if remaining.is_positive() => {
            Err(ProofDelay::Wait(remaining.unsigned_abs()))
        }
        _ => Ok(()),
    }
}

/// One poll of a roll number's three questions. Each request returns one of them, in any order.
#[derive(Debug)]
pub(super) struct QuestionPoll {
    started_at: Timestamp,
    /// When the last response arrived.
    last_response_at: Option<Timestamp>,
    calls: u32,
    /// Hashes of the questions seen without the verifier. The texts are private and are not kept.
    seen: Vec<SecretHash>,
    result: Option<PollResult>,
}

/// The result of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollResult {
    Found,
    /// In none of the questions that this many requests returned.
    NotFound {
        calls: u32,
    },
    /// The portal does not have the roll number.
    UnknownRollNumber,
    /// The portal had the roll number a moment ago and now does not.
    Inconsistent,
}

/// The next step of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofStep {
    Wait(Duration),
    Fetch,
    Stop(PollResult),
}

const CALL_INTERVAL: Duration = Duration::from_millis(150);
const MAX_CALLS: u32 = 15;
const POLL_TIMEOUT: Duration = Duration::from_secs(20);
/// The portal has three questions per account.
const QUESTION_COUNT: usize = 3;

impl QuestionPoll {
    pub(super) fn start(now: Timestamp) -> Self {
        Self {
            started_at: now,
            last_response_at: None,
            calls: 0,
            seen: Vec::with_capacity(QUESTION_COUNT),
            result: None,
        }
    }

    pub(super) fn next_step(&self, now: Timestamp) -> ProofStep {
        if let Some(result) = self.result {
            return ProofStep::Stop(result);
        }
        if self.calls >= MAX_CALLS || self.is_timed_out(now) || self.seen.len() >= QUESTION_COUNT {
            return ProofStep::Stop(PollResult::NotFound { calls: self.calls });
        }
        // Measured from the response, so that requests arrive apart whatever the network does.
        match check_interval(self.last_response_at, CALL_INTERVAL, now) {
            Err(ProofDelay::Wait(remaining)) => ProofStep::Wait(remaining),
            _ => ProofStep::Fetch,
        }
    }

    /// Whether there is no time for another request.
    pub(super) fn is_timed_out(&self, now: Timestamp) -> bool {
        now >= self.started_at + POLL_TIMEOUT
    }

    /// Records a response: a question, or `None` for an unknown roll number.
    pub(super) fn record_question(
        &mut self,
        question: Option<&str>,
        verifier: &Verifier,
        now: Timestamp,
    ) {
        self.calls += 1;
        self.last_response_at = Some(now);
        let Some(question) = question else {
            self.result = Some(if self.calls == 1 {
                PollResult::UnknownRollNumber
            } else {
                PollResult::Inconsistent
            });
            return;
        };
        if verifier.is_contained_in(question) {
            self.result = Some(PollResult::Found);
            return;
        }
        let question = SecretHash::of(question.as_bytes());
        if !self.seen.contains(&question) {
            self.seen.push(question);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::super::model::ProofClaim;
    use super::*;
    use crate::platform::credential_epoch::CredentialEpoch;
    use crate::platform::id::ProofId;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn verifier() -> Verifier {
        Verifier::from_stored("sso-abcdefghij2345672345".to_owned())
    }

    fn proof() -> MailboxProof {
        MailboxProof {
            id: ProofId(uuid::Uuid::nil()),
            claim: ProofClaim {
                roll: "12CS40067".to_owned(),
                email: "asha@home.example".to_owned(),
                person: None,
                allows_look_ups: false,
                next: None,
            },
            verifier: verifier(),
            epoch: CredentialEpoch(5),
            is_superseded: false,
            expires_at: START + WINDOW,
            checks: 0,
            last_check_at: None,
            mails: 0,
            last_mail_at: None,
            question_seen_at: None,
            completed_at: None,
            cancelled_at: None,
            entered_at: None,
        }
    }

    fn after(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_proof_goes_one_way_and_ends_after_half_an_hour() {
        let pending = proof();
        assert_eq!(proof_status(&pending, START), ProofStatus::Pending);
        assert_eq!(proof_status(&pending, after(1799)), ProofStatus::Pending);
        assert_eq!(proof_status(&pending, after(1800)), ProofStatus::Expired);
        let seen = MailboxProof {
            question_seen_at: Some(START),
            ..proof()
        };
        assert_eq!(proof_status(&seen, after(1799)), ProofStatus::QuestionSeen);
        assert_eq!(proof_status(&seen, after(1800)), ProofStatus::Expired);
        let complete = MailboxProof {
            completed_at: Some(START),
            ..seen.clone()
        };
        assert_eq!(
            proof_status(&complete, after(99_999)),
            ProofStatus::Complete
        );
        for proof in [&pending, &seen, &complete] {
            let superseded = MailboxProof {
                is_superseded: true,
                ..proof.clone()
            };
            let status = proof_status(&superseded, START);
            assert_eq!(status, ProofStatus::Cancelled);
            assert!(!can_enter(&superseded, START));
        }
        let cancelled = MailboxProof {
            cancelled_at: Some(START),
            ..proof()
        };
        assert_eq!(proof_status(&cancelled, START), ProofStatus::Cancelled);
    }

    #[test]
    fn questions_are_looked_at_ten_times_with_time_between() {
        let mut proof = proof();
        assert_eq!(check_poll_allowed(&proof, 0, START), Ok(()));
        proof.checks = 1;
        proof.last_check_at = Some(START);
        let wait = ProofDelay::Wait(Duration::from_secs(1));
        assert_eq!(check_poll_allowed(&proof, 0, after(19)), Err(wait));
        assert_eq!(check_poll_allowed(&proof, 0, after(20)), Ok(()));
        proof.checks = MAX_CHECKS;
        assert_eq!(
            check_poll_allowed(&proof, 0, after(60)),
            Err(ProofDelay::LimitReached)
        );
        proof.checks = 1;
        proof.question_seen_at = Some(after(20));
        assert_eq!(
            check_poll_allowed(&proof, 0, after(60)),
            Err(ProofDelay::Over)
        );
    }

    #[test]
    fn only_five_proofs_a_day_look_at_the_questions_of_one_roll_number() {
        let mut proof = proof();
        assert_eq!(check_poll_allowed(&proof, 4, START), Ok(()));
        assert_eq!(
            check_poll_allowed(&proof, 5, START),
            Err(ProofDelay::DailyLimitReached)
        );
        // One of the five may continue.
        proof.checks = 1;
        assert_eq!(check_poll_allowed(&proof, 5, START), Ok(()));
    }

    #[test]
    fn a_letter_is_written_again_three_times_with_a_minute_between() {
        let mut proof = proof();
        assert_eq!(check_mail_allowed(&proof, START), Err(ProofDelay::Over));
        proof.question_seen_at = Some(START);
        for mails in 0..4 {
            proof.mails = mails;
            assert_eq!(check_mail_allowed(&proof, START), Ok(()));
        }
        proof.last_mail_at = Some(START);
        let wait = ProofDelay::Wait(Duration::from_secs(10));
        assert_eq!(check_mail_allowed(&proof, after(50)), Err(wait));
        proof.mails = 4;
        assert_eq!(
            check_mail_allowed(&proof, after(60)),
            Err(ProofDelay::LimitReached)
        );
    }

    #[test]
    fn a_browser_goes_on_once_and_soon() {
        let mut proof = proof();
        assert!(!can_enter(&proof, START));
        proof.completed_at = Some(START);
        assert!(can_enter(&proof, after(1799)));
        assert!(!can_enter(&proof, after(1800)));
        proof.entered_at = Some(START);
        assert!(!can_enter(&proof, START));
    }

    /// Polls a portal whose requests take `call_duration` and return the question number `question_at`
    /// gives.
    fn poll(
        mut question_at: impl FnMut(u32) -> Option<usize>,
        call_duration: Duration,
    ) -> (PollResult, Vec<Timestamp>) {
        let questions = [
            "Your first school?",
            "Your pet? SSO-abcdefghij2345672345",
            "Your street?",
        ];
        let (mut now, mut poll, mut call_times) = (START, QuestionPoll::start(START), Vec::new());
        loop {
            match poll.next_step(now) {
                ProofStep::Wait(span) => now += span,
                ProofStep::Stop(result) => return (result, call_times),
                ProofStep::Fetch => {
                    let call = u32::try_from(call_times.len()).unwrap();
                    call_times.push(now);
                    now += call_duration;
                    let question = question_at(call).map(|number| questions[number]);
                    poll.record_question(question, &verifier(), now);
                }
            }
        }
    }

    const QUICK: Duration = Duration::from_millis(40);

    #[test]
    fn l20_a_verifier_among_three_is_found_within_fifteen_calls_apart() {
        const RUNS: u32 = 20_000;
        let mut random = StdRng::seed_from_u64(20);
        let mut missed = 0;
        for _ in 0..RUNS {
            let (result, call_times) = poll(|_| Some(random.random_range(0..3)), QUICK);
            assert!(call_times.len() <= 15);
            let apart = call_times.windows(2).map(|two| two[1] - two[0]);
            assert!(apart.into_iter().all(|span| span >= CALL_INTERVAL));
            missed += u32::from(result != PollResult::Found);
        }
        assert!(missed * 1000 <= RUNS * 3, "{missed} of {RUNS}");
        // Round robin: three requests return all questions.
        for first in 0..3 {
            let (result, call_times) = poll(|call| Some((first + call as usize) % 3), QUICK);
            assert_eq!(result, PollResult::Found);
            assert!(call_times.len() <= 3);
        }
    }

    #[test]
    fn l21_it_stops_after_three_questions_without_it() {
        let verifier = verifier();
        let mut poll = QuestionPoll::start(START);
        for question in ["one?", "two?", "one?", "three?"] {
            assert!(!matches!(poll.next_step(START), ProofStep::Stop(_)));
            poll.record_question(Some(question), &verifier, START);
        }
        assert_eq!(
            poll.next_step(START),
            ProofStep::Stop(PollResult::NotFound { calls: 4 })
        );
    }

    #[test]
    fn l22_an_unknown_roll_number_is_asked_for_once() {
        let (result, call_times) = poll(|_| None, QUICK);
        assert_eq!(
            (result, call_times.len()),
            (PollResult::UnknownRollNumber, 1)
        );
        // A roll number that suddenly is unknown is inconsistent.
        let (result, call_times) = poll(|call| (call < 2).then_some(0), QUICK);
        assert_eq!((result, call_times.len()), (PollResult::Inconsistent, 3));
    }

    #[test]
    fn a_portal_that_says_the_same_or_is_slow_is_not_asked_for_ever() {
        let (result, call_times) = poll(|_| Some(0), QUICK);
        assert_eq!(
            (result, call_times.len()),
            (PollResult::NotFound { calls: 15 }, 15)
        );
        let (result, call_times) = poll(|_| Some(0), Duration::from_secs(5));
        assert_eq!(
            (result, call_times.len()),
            (PollResult::NotFound { calls: 4 }, 4)
        );
    }
}
