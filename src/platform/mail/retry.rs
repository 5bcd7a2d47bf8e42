//! When sending a mail is retried.

use std::time::Duration;

use crate::platform::clock::Timestamp;

/// After which a mail is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(2);

/// The time of the next attempt; `None` if the mail is given up.
pub(super) fn next_attempt(
    written_at: Timestamp,
    attempts: u32,
    now: Timestamp,
) -> Option<Timestamp> {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let next = now + doubled.min(LONGEST_PAUSE);
    (next < written_at + GIVE_UP_AFTER).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_two_hours_and_end_after_a_day() {
        let written = Timestamp::UNIX_EPOCH;
        let minutes = |attempts| {
            (next_attempt(written, attempts, written).unwrap() - written).whole_minutes()
        };
        assert_eq!([1, 2, 3, 7, 8, 90].map(minutes), [1, 2, 4, 64, 120, 120]);
        let late = written + Duration::from_hours(23);
        assert!(next_attempt(written, 5, late).is_some());
        assert_eq!(next_attempt(written, 12, late), None);
    }
}
