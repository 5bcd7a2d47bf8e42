//! When a code or token lives, and what presenting a dead one means. Pure: facts and the time in, a
//! judgement out.

use std::time::Duration;

use super::model::PairEnd;
use crate::platform::clock::Timestamp;
use crate::platform::config::Lifetimes;
use crate::platform::id::PairId;

/// A code presented again within this span is a request sent twice, not a theft.
const SENT_TWICE: Duration = Duration::from_secs(10);

/// What a presented code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeState {
    Fresh,
    Expired,
    /// Refused, and nothing else: a client that sent its request twice is not punished.
    UsedJustNow,
    /// Refused, and everything issued from it ends (RFC 6749 §4.1.2).
    UsedLongAgo,
}

pub(super) fn code_state(
    issued_at: Timestamp,
    used_at: Option<Timestamp>,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> CodeState {
    match used_at {
        Some(used_at) if now - used_at <= SENT_TWICE => CodeState::UsedJustNow,
        Some(_) => CodeState::UsedLongAgo,
        None if now - issued_at > lifetimes.code => CodeState::Expired,
        None => CodeState::Fresh,
    }
}

/// What presenting a refresh token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshTokenState {
    /// Trade it for a new pair.
    Rotate,
    /// It was traded a moment ago and nobody has used what came of it: the answer was lost. A new
    /// pair takes the successor's place.
    LostAnswer { successor: PairId },
    /// It was traded, and its successor is in use or time has passed: two parties hold it (RFC 9700
    /// §4.14.2).
    Replayed,
    /// Too old, revoked, or replaced before anybody could have used it.
    Dead,
}

pub(super) fn refreshable(
    end: PairEnd,
    issued_at: Timestamp,
    family_began_at: Timestamp,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> RefreshTokenState {
    let too_old =
        now - issued_at > lifetimes.refresh_token || now - family_began_at > lifetimes.family;
    match end {
        PairEnd::Revoked | PairEnd::Replaced => RefreshTokenState::Dead,
        PairEnd::Rotated {
            at,
            successor,
            successor_is_untouched,
        } => {
            let in_time = !lifetimes.refresh_grace.is_zero() && now - at <= lifetimes.refresh_grace;
            if in_time && successor_is_untouched {
                RefreshTokenState::LostAnswer { successor }
            } else {
                RefreshTokenState::Replayed
            }
        }
        PairEnd::Live if too_old => RefreshTokenState::Dead,
        PairEnd::Live => RefreshTokenState::Rotate,
    }
}

/// Whether an access token still opens doors.
pub(super) fn is_live(
    is_ended: bool,
    issued_at: Timestamp,
    lifetimes: &Lifetimes,
    now: Timestamp,
) -> bool {
    !is_ended && now - issued_at < lifetimes.access_token
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = datetime!(2026-11-21 12:00 UTC);
    const SUCCESSOR: PairId = PairId(Uuid::nil());

    const LIFETIMES: Lifetimes = Lifetimes {
        access_token: Duration::from_hours(10),
        code: Duration::from_mins(1),
        refresh_grace: Duration::from_secs(10),
        refresh_token: Duration::from_hours(90 * 24),
        family: Duration::from_hours(365 * 24),
    };

    fn after(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    fn code(used_at: Option<Timestamp>, now: Timestamp) -> CodeState {
        code_state(START, used_at, &LIFETIMES, now)
    }

    fn rotated(at: Timestamp, untouched: bool) -> PairEnd {
        PairEnd::Rotated {
            at,
            successor: SUCCESSOR,
            successor_is_untouched: untouched,
        }
    }

    fn token(end: PairEnd, now: Timestamp) -> RefreshTokenState {
        refreshable(end, START, START, &LIFETIMES, now)
    }

    #[test]
    fn a_code_lives_for_its_lifetime() {
        assert_eq!(code(None, after(60)), CodeState::Fresh);
        assert_eq!(code(None, after(61)), CodeState::Expired);
    }

    #[test]
    fn a_code_used_just_now_is_only_refused() {
        assert_eq!(code(Some(after(5)), after(15)), CodeState::UsedJustNow);
    }

    #[test]
    fn a_code_used_long_ago_ends_its_family() {
        assert_eq!(code(Some(after(5)), after(16)), CodeState::UsedLongAgo);
    }

    #[test]
    fn a_refresh_token_traded_a_moment_ago_is_a_lost_answer_unless_its_successor_was_used() {
        assert_eq!(
            token(rotated(after(5), true), after(15)),
            RefreshTokenState::LostAnswer {
                successor: SUCCESSOR
            }
        );
        assert_eq!(
            token(rotated(after(5), false), after(6)),
            RefreshTokenState::Replayed
        );
        assert_eq!(
            token(rotated(after(5), true), after(16)),
            RefreshTokenState::Replayed
        );
    }

    #[test]
    fn without_grace_every_second_use_is_a_replay() {
        let strict = Lifetimes {
            refresh_grace: Duration::ZERO,
            ..LIFETIMES
        };
        let end = rotated(START, true);
        assert_eq!(
            refreshable(end, START, START, &strict, START),
            RefreshTokenState::Replayed
        );
    }

    #[test]
    fn a_refresh_token_ends_unused_and_with_its_family() {
        let days = |days: u64| after(days * 86_400);
        assert_eq!(token(PairEnd::Live, days(90)), RefreshTokenState::Rotate);
        assert_eq!(token(PairEnd::Live, days(91)), RefreshTokenState::Dead);
        let old_family = refreshable(PairEnd::Live, days(360), START, &LIFETIMES, days(366));
        assert_eq!(old_family, RefreshTokenState::Dead);
    }

    #[test]
    fn what_was_revoked_or_replaced_is_just_dead() {
        assert_eq!(token(PairEnd::Revoked, START), RefreshTokenState::Dead);
        assert_eq!(token(PairEnd::Replaced, START), RefreshTokenState::Dead);
    }

    #[test]
    fn an_access_token_lives_ten_hours() {
        assert!(is_live(false, START, &LIFETIMES, after(35_999)));
        assert!(!is_live(false, START, &LIFETIMES, after(36_000)));
        assert!(!is_live(true, START, &LIFETIMES, START));
    }
}
