//! When a letter that did not go out is tried again.

use std::time::Duration;

use crate::platform::clock::Timestamp;

/// After which a letter is given up.
const PATIENCE: Duration = Duration::from_hours(24);
const FIRST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(2);

/// When to try again after so many tries; `None`: not any more.
pub(super) fn next_try(written_at: Timestamp, tries: u32, now: Timestamp) -> Option<Timestamp> {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
    let next = now + doubled.min(LONGEST_PAUSE);
    (next < written_at + PATIENCE).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_two_hours_and_end_after_a_day() {
        let written = Timestamp::UNIX_EPOCH;
        let minutes =
            |tries| (next_try(written, tries, written).unwrap() - written).whole_minutes();
        assert_eq!([1, 2, 3, 7, 8, 90].map(minutes), [1, 2, 4, 64, 120, 120]);
        let late = written + Duration::from_hours(23);
        assert!(next_try(written, 5, late).is_some());
        assert_eq!(next_try(written, 12, late), None);
    }
}
