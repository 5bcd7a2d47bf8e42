//! What may be done with a proof, when, and how often; and how the questions are looked at. Pure.
//!
//! ```text
//! Pending ──the verifier is seen in a question──▶ QuestionSeen ──the mailed link──▶ Complete
//!    │                                                  │
//!    └── half an hour: Expired      given up, or another proof for the roll was completed: Cancelled
//! ```
//!
//! | Budget | Is |
//! |---|---|
//! | to change the question, and again to confirm the mailbox | 30 min each |
//! | looks at the questions of one proof | 10, 20 s apart |
//! | proofs for one roll number that look at questions | 5 in 24 h |
//! | calls in one look | 15, 150 ms apart, 20 s in all |
//! | letters to the mailbox | 1, and 3 more, 60 s apart |

use std::time::Duration;

use super::model::{MailboxProof, ProofStatus, Verifier};
use crate::platform::clock::Timestamp;
use crate::platform::secret::TokenHash;

/// How long each half of a proof may take.
pub(super) const WINDOW: Duration = Duration::from_mins(30);
pub(super) const BETWEEN_CHECKS: Duration = Duration::from_secs(20);
const MOST_CHECKS: i32 = 10;
/// Proofs for one roll number that looked at questions, in [`DAY`].
const MOST_PROOFS: i64 = 5;
pub(super) const DAY: Duration = Duration::from_hours(24);
const BETWEEN_MAILS: Duration = Duration::from_mins(1);
const MOST_MAILS: i32 = 4;

/// Why something is not done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofDelay {
    /// Not in this state, or not any more.
    Over,
    /// After this span.
    Wait(Duration),
    /// As often as it may be.
    Spent,
    /// Others have looked at the questions of this roll number too often today.
    Tomorrow,
}

pub(super) fn status(proof: &MailboxProof, now: Timestamp) -> ProofStatus {
    match proof {
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

/// Whether the questions may be looked at now. `others` is how many other proofs for this roll number
/// looked at them in the last [`DAY`].
pub(super) fn may_check(
    proof: &MailboxProof,
    others: i64,
    now: Timestamp,
) -> Result<(), ProofDelay> {
    if status(proof, now) != ProofStatus::Pending {
        return Err(ProofDelay::Over);
    }
    if proof.checks >= MOST_CHECKS {
        return Err(ProofDelay::Spent);
    }
    if proof.checks == 0 && others >= MOST_PROOFS {
        return Err(ProofDelay::Tomorrow);
    }
    waited(proof.last_check_at, BETWEEN_CHECKS, now)
}

/// Whether another letter may be written to the mailbox now.
pub(super) fn may_mail(proof: &MailboxProof, now: Timestamp) -> Result<(), ProofDelay> {
    if status(proof, now) != ProofStatus::QuestionSeen {
        return Err(ProofDelay::Over);
    }
    if proof.mails >= MOST_MAILS {
        return Err(ProofDelay::Spent);
    }
    waited(proof.last_mail_at, BETWEEN_MAILS, now)
}

/// Whether its browser may still go on from a proof that is complete.
pub(super) fn may_enter(proof: &MailboxProof, now: Timestamp) -> bool {
    let is_fresh = |at: Timestamp| now < at + WINDOW;
    proof.entered_at.is_none() && proof.completed_at.is_some_and(is_fresh)
}

fn waited(last: Option<Timestamp>, between: Duration, now: Timestamp) -> Result<(), ProofDelay> {
    match last.map(|last| last + between - now) {
        Some(left) if left.is_positive() => Err(ProofDelay::Wait(left.unsigned_abs())),
        _ => Ok(()),
    }
}

/// One look at somebody's three questions, of which each call tells one, whichever.
#[derive(Debug)]
pub(super) struct QuestionPoll {
    began_at: Timestamp,
    /// When the last call was answered.
    heard_at: Option<Timestamp>,
    calls: u32,
    /// Questions are other people's business: of those that do not hold the verifier nothing is kept but
    /// that they differ.
    seen: Vec<TokenHash>,
    found: Option<PollResult>,
}

/// What a look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollResult {
    There,
    /// In none of those that were told in so many calls.
    NotThere {
        calls: u32,
    },
    /// The portal knows no such roll number.
    Unknown,
    /// It knew the roll number a moment ago.
    Inconsistent,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofStep {
    Wait(Duration),
    Ask,
    Stop(PollResult),
}

const BETWEEN_CALLS: Duration = Duration::from_millis(150);
const MOST_CALLS: u32 = 15;
const LOOKS_FOR: Duration = Duration::from_secs(20);
/// The portal has this many questions of everybody.
const QUESTIONS: usize = 3;

impl QuestionPoll {
    pub(super) fn begin(now: Timestamp) -> Self {
        Self {
            began_at: now,
            heard_at: None,
            calls: 0,
            seen: Vec::with_capacity(QUESTIONS),
            found: None,
        }
    }

    pub(super) fn step(&self, now: Timestamp) -> ProofStep {
        if let Some(found) = self.found {
            return ProofStep::Stop(found);
        }
        if self.calls >= MOST_CALLS || self.is_late(now) || self.seen.len() >= QUESTIONS {
            return ProofStep::Stop(PollResult::NotThere { calls: self.calls });
        }
        // From the answer, so that calls arrive apart however they travel.
        match waited(self.heard_at, BETWEEN_CALLS, now) {
            Err(ProofDelay::Wait(left)) => ProofStep::Wait(left),
            _ => ProofStep::Ask,
        }
    }

    /// Whether there is no time left to ask again.
    pub(super) fn is_late(&self, now: Timestamp) -> bool {
        now >= self.began_at + LOOKS_FOR
    }

    /// What a call told: a question, or that there is no such roll number.
    pub(super) fn hear(&mut self, question: Option<&str>, verifier: &Verifier, now: Timestamp) {
        self.calls += 1;
        self.heard_at = Some(now);
        let Some(question) = question else {
            self.found = Some(if self.calls == 1 {
                PollResult::Unknown
            } else {
                PollResult::Inconsistent
            });
            return;
        };
        if verifier.is_in(question) {
            self.found = Some(PollResult::There);
            return;
        }
        let question = TokenHash::of(question.as_bytes());
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
    use crate::platform::id::ProofId;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn verifier() -> Verifier {
        Verifier::stored("sso-abcdefghij2345672345".to_owned())
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
        assert_eq!(status(&pending, START), ProofStatus::Pending);
        assert_eq!(status(&pending, after(1799)), ProofStatus::Pending);
        assert_eq!(status(&pending, after(1800)), ProofStatus::Expired);
        let seen = MailboxProof {
            question_seen_at: Some(START),
            ..proof()
        };
        assert_eq!(status(&seen, after(1799)), ProofStatus::QuestionSeen);
        assert_eq!(status(&seen, after(1800)), ProofStatus::Expired);
        let complete = MailboxProof {
            completed_at: Some(START),
            ..seen
        };
        assert_eq!(status(&complete, after(99_999)), ProofStatus::Complete);
        let cancelled = MailboxProof {
            cancelled_at: Some(START),
            ..proof()
        };
        assert_eq!(status(&cancelled, START), ProofStatus::Cancelled);
    }

    #[test]
    fn questions_are_looked_at_ten_times_with_time_between() {
        let mut proof = proof();
        assert_eq!(may_check(&proof, 0, START), Ok(()));
        proof.checks = 1;
        proof.last_check_at = Some(START);
        let wait = ProofDelay::Wait(Duration::from_secs(1));
        assert_eq!(may_check(&proof, 0, after(19)), Err(wait));
        assert_eq!(may_check(&proof, 0, after(20)), Ok(()));
        proof.checks = MOST_CHECKS;
        assert_eq!(may_check(&proof, 0, after(60)), Err(ProofDelay::Spent));
        proof.checks = 1;
        proof.question_seen_at = Some(after(20));
        assert_eq!(may_check(&proof, 0, after(60)), Err(ProofDelay::Over));
    }

    #[test]
    fn only_five_proofs_a_day_look_at_the_questions_of_one_roll_number() {
        let mut proof = proof();
        assert_eq!(may_check(&proof, 4, START), Ok(()));
        assert_eq!(may_check(&proof, 5, START), Err(ProofDelay::Tomorrow));
        // One of the five goes on.
        proof.checks = 1;
        assert_eq!(may_check(&proof, 5, START), Ok(()));
    }

    #[test]
    fn a_letter_is_written_again_three_times_with_a_minute_between() {
        let mut proof = proof();
        assert_eq!(may_mail(&proof, START), Err(ProofDelay::Over));
        proof.question_seen_at = Some(START);
        for mails in 0..4 {
            proof.mails = mails;
            assert_eq!(may_mail(&proof, START), Ok(()));
        }
        proof.last_mail_at = Some(START);
        let wait = ProofDelay::Wait(Duration::from_secs(10));
        assert_eq!(may_mail(&proof, after(50)), Err(wait));
        proof.mails = 4;
        assert_eq!(may_mail(&proof, after(60)), Err(ProofDelay::Spent));
    }

    #[test]
    fn a_browser_goes_on_once_and_soon() {
        let mut proof = proof();
        assert!(!may_enter(&proof, START));
        proof.completed_at = Some(START);
        assert!(may_enter(&proof, after(1799)));
        assert!(!may_enter(&proof, after(1800)));
        proof.entered_at = Some(START);
        assert!(!may_enter(&proof, START));
    }

    /// Looks until it stops, at a portal that tells the question `tells` says, in `takes` per call.
    fn look(
        mut tells: impl FnMut(u32) -> Option<usize>,
        takes: Duration,
    ) -> (PollResult, Vec<Timestamp>) {
        let questions = [
            "Your first school?",
            "Your pet? SSO-abcdefghij2345672345",
            "Your street?",
        ];
        let (mut now, mut look, mut asked) = (START, QuestionPoll::begin(START), Vec::new());
        loop {
            match look.step(now) {
                ProofStep::Wait(span) => now += span,
                ProofStep::Stop(found) => return (found, asked),
                ProofStep::Ask => {
                    let call = u32::try_from(asked.len()).unwrap();
                    asked.push(now);
                    now += takes;
                    let question = tells(call).map(|number| questions[number]);
                    look.hear(question, &verifier(), now);
                }
            }
        }
    }

    const SOON: Duration = Duration::from_millis(40);

    #[test]
    fn l20_a_verifier_among_three_is_found_within_fifteen_calls_apart() {
        const RUNS: u32 = 20_000;
        let mut chance = StdRng::seed_from_u64(20);
        let mut missed = 0;
        for _ in 0..RUNS {
            let (found, asked) = look(|_| Some(chance.random_range(0..3)), SOON);
            assert!(asked.len() <= 15);
            let apart = asked.windows(2).map(|two| two[1] - two[0]);
            assert!(apart.into_iter().all(|span| span >= BETWEEN_CALLS));
            missed += u32::from(found != PollResult::There);
        }
        assert!(missed * 1000 <= RUNS * 3, "{missed} of {RUNS}");
        // Round robin: three calls tell all.
        for first in 0..3 {
            let (found, asked) = look(|call| Some((first + call as usize) % 3), SOON);
            assert_eq!(found, PollResult::There);
            assert!(asked.len() <= 3);
        }
    }

    #[test]
    fn l21_it_stops_after_three_questions_without_it() {
        let verifier = verifier();
        let mut look = QuestionPoll::begin(START);
        for question in ["one?", "two?", "one?", "three?"] {
            assert!(!matches!(look.step(START), ProofStep::Stop(_)));
            look.hear(Some(question), &verifier, START);
        }
        assert_eq!(
            look.step(START),
            ProofStep::Stop(PollResult::NotThere { calls: 4 })
        );
    }

    #[test]
    fn l22_an_unknown_roll_number_is_asked_for_once() {
        let (found, asked) = look(|_| None, SOON);
        assert_eq!((found, asked.len()), (PollResult::Unknown, 1));
        // Unknown all of a sudden is not to be believed.
        let (found, asked) = look(|call| (call < 2).then_some(0), SOON);
        assert_eq!((found, asked.len()), (PollResult::Inconsistent, 3));
    }

    #[test]
    fn a_portal_that_says_the_same_or_is_slow_is_not_asked_for_ever() {
        let (found, asked) = look(|_| Some(0), SOON);
        assert_eq!(
            (found, asked.len()),
            (PollResult::NotThere { calls: 15 }, 15)
        );
        let (found, asked) = look(|_| Some(0), Duration::from_secs(5));
        assert_eq!((found, asked.len()), (PollResult::NotThere { calls: 4 }, 4));
    }
}
