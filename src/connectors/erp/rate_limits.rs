//! How many requests are sent to ERP per roll number and per client address. The limits prevent guessing
//! of credentials, flooding of a mailbox and collecting of other people's questions through this server.
//!
//! | What | Per | Limit |
//! |---|---|---|
//! | security questions | address | 10 in 10 minutes |
//! | codes by mail | roll number | 6 in an hour, 60 seconds apart |
//! | codes by mail | address | 20 in an hour |
//! | wrong passwords and answers | roll number | 5 in an hour |
//! | wrong passwords and answers | address | 20 in an hour |
//!
//! The limits of a single sign-in are in [`super::state_machine`]. All counts are in the memory of this
//! process.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::roll_number::ErpRollNumber;
use crate::platform::clock::Timestamp;

const HOUR: Duration = Duration::from_hours(1);
const QUESTION_LIMIT: (usize, Duration) = (10, Duration::from_mins(10));
/// The shortest time between two codes to one roll number.
pub(super) const CODE_INTERVAL: Duration = Duration::from_mins(1);
/// When a window holds this many keys, those idle for an hour are removed. This bounds the memory.
const MAX_KEYS: usize = 20_000;

/// The client address and the roll number a request is counted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErpCaller<'a> {
    pub client_address: IpAddr,
    pub roll: &'a ErpRollNumber,
}

/// A limit is reached; the duration is how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErpRateLimitError {
    /// A limit in a window is reached: the sign-in ends.
    LimitReached(Duration),
    /// The last code was mailed too recently.
    CodeTooSoon(Duration),
}

/// The counts of recent requests.
#[derive(Default)]
pub(super) struct ErpRateLimits {
    questions: RateWindow<IpAddr>,
    codes_by_roll: RateWindow<ErpRollNumber>,
    codes_by_address: RateWindow<IpAddr>,
    failures_by_roll: RateWindow<ErpRollNumber>,
    failures_by_address: RateWindow<IpAddr>,
}

impl ErpRateLimits {
    /// Checks whether a question may be fetched, without counting it. Otherwise there is no reason to
    /// open an ERP session.
    pub(super) fn check_question(
        &mut self,
        client_address: IpAddr,
        now: Timestamp,
    ) -> Result<(), ErpRateLimitError> {
        self.questions
            .check(&client_address, QUESTION_LIMIT, now)
            .map_err(ErpRateLimitError::LimitReached)
    }

    pub(super) fn count_question(
        &mut self,
        client_address: IpAddr,
        now: Timestamp,
    ) -> Result<(), ErpRateLimitError> {
        self.check_question(client_address, now)?;
        self.questions.record(client_address, now);
        Ok(())
    }

    /// Counts a code before it is requested, both as sent and as a failure, and is corrected once the
    /// outcome is known. So simultaneous requests count one another.
    pub(super) fn count_code(
        &mut self,
        caller: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), ErpRateLimitError> {
        let ErpCaller {
            client_address,
            roll,
        } = caller;
        self.codes_by_roll
            .check(roll, (6, HOUR), now)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.codes_by_address
            .check(&client_address, (20, HOUR), now)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.check_failures(caller, now)?;
        self.codes_by_roll
            .check(roll, (1, CODE_INTERVAL), now)
            .map_err(ErpRateLimitError::CodeTooSoon)?;
        self.codes_by_roll.record(roll.clone(), now);
        self.codes_by_address.record(client_address, now);
        self.count_failure(caller, now);
        Ok(())
    }

    pub(super) fn confirm_code_sent(&mut self, caller: ErpCaller<'_>) {
        self.undo_failure(caller);
    }

    pub(super) fn undo_code(&mut self, caller: ErpCaller<'_>, failed: bool) {
        self.codes_by_roll.undo_last(caller.roll);
        self.codes_by_address.undo_last(&caller.client_address);
        if !failed {
            self.undo_failure(caller);
        }
    }

    /// Counts a sign-in as a failure before it is tried; [`Self::undo_failure`] corrects that.
    pub(super) fn count_sign_in(
        &mut self,
        caller: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), ErpRateLimitError> {
        self.check_failures(caller, now)?;
        self.count_failure(caller, now);
        Ok(())
    }

    pub(super) fn undo_failure(&mut self, caller: ErpCaller<'_>) {
        self.failures_by_roll.undo_last(caller.roll);
        self.failures_by_address.undo_last(&caller.client_address);
    }

    fn check_failures(
        &mut self,
        ErpCaller {
            client_address,
            roll,
        }: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), ErpRateLimitError> {
        self.failures_by_roll
            .check(roll, (5, HOUR), now)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.failures_by_address
            .check(&client_address, (20, HOUR), now)
            .map_err(ErpRateLimitError::LimitReached)
    }

    fn count_failure(
        &mut self,
        ErpCaller {
            client_address,
            roll,
        }: ErpCaller<'_>,
        now: Timestamp,
    ) {
        self.failures_by_roll.record(roll.clone(), now);
        self.failures_by_address.record(client_address, now);
    }
}

/// The times of recent events per key: a sliding window.
///
/// Decision: a sliding window is used instead of the token bucket of
/// [`RateLimiter`](crate::platform::web::RateLimiter), because a bucket of six that refills every ten
/// minutes allows eleven events in its first hour, and the limit towards ERP is a count in any hour.
struct RateWindow<K>(HashMap<K, VecDeque<Timestamp>>);

impl<K> Default for RateWindow<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> RateWindow<K> {
    /// Checks whether the key has fewer than `limit` events in the window. The error is how long to
    /// wait.
    fn check(
        &mut self,
        key: &K,
        (limit, window): (usize, Duration),
        now: Timestamp,
    ) -> Result<(), Duration> {
        let Some(times) = self.0.get(key) else {
            return Ok(());
        };
        let recent: Vec<Timestamp> = times
            .iter()
            .copied()
            .filter(|time| now - *time < window)
            .collect();
        // There is room as soon as the oldest of the last `limit` events leaves the window.
        let Some(oldest) = recent
            .len()
            .checked_sub(limit)
            .and_then(|index| recent.get(index))
        else {
            return Ok(());
        };
        Err((*oldest + window - now).try_into().unwrap_or(window))
    }

    fn record(&mut self, key: K, now: Timestamp) {
        if self.0.len() >= MAX_KEYS {
            self.0
                .retain(|_, times| times.back().is_some_and(|last| now - *last < HOUR));
        }
        let times = self.0.entry(key).or_default();
        times.retain(|time| now - *time < HOUR);
        times.push_back(now);
    }

    /// Removes the key's last event.
    fn undo_last(&mut self, key: &K) {
        if let Some(times) = self.0.get_mut(key) {
            times.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn client_address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn roll(number: u32) -> ErpRollNumber {
        ErpRollNumber::parse(&format!("21CS{number:05}")).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn questions_are_counted_by_address() {
        let mut rate_limits = ErpRateLimits::default();
        for _ in 0..10 {
            rate_limits.count_question(client_address(1), NOW).unwrap();
        }
        let later = NOW + minutes(4);
        assert_eq!(
            rate_limits.count_question(client_address(1), later),
            Err(ErpRateLimitError::LimitReached(minutes(6)))
        );
        rate_limits
            .count_question(client_address(2), later)
            .unwrap();
        rate_limits
            .count_question(client_address(1), NOW + minutes(10))
            .unwrap();
    }

    #[test]
    fn codes_are_counted_by_roll_number_and_by_address() {
        let mut rate_limits = ErpRateLimits::default();
        let asha = roll(1);
        for minute in 0..6 {
            let caller = ErpCaller {
                client_address: client_address(1),
                roll: &asha,
            };
            let now = NOW + minutes(minute);
            rate_limits.count_code(caller, now).unwrap();
            rate_limits.confirm_code_sent(caller);
            let soon = rate_limits.count_code(caller, now + Duration::from_secs(59));
            let expected = if minute == 5 {
                ErpRateLimitError::LimitReached(minutes(54) + Duration::from_secs(1))
            } else {
                ErpRateLimitError::CodeTooSoon(Duration::from_secs(1))
            };
            assert_eq!(soon, Err(expected));
        }
        // The same mailbox from another address.
        let elsewhere = ErpCaller {
            client_address: client_address(2),
            roll: &asha,
        };
        assert!(matches!(
            rate_limits.count_code(elsewhere, NOW + minutes(6)),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        rate_limits
            .count_code(elsewhere, NOW + minutes(60))
            .unwrap();

        let mut rate_limits = ErpRateLimits::default();
        for number in 0..20 {
            let caller = ErpCaller {
                client_address: client_address(1),
                roll: &roll(number),
            };
            rate_limits.count_code(caller, NOW).unwrap();
            rate_limits.confirm_code_sent(caller);
        }
        let caller = ErpCaller {
            client_address: client_address(1),
            roll: &roll(99),
        };
        assert_eq!(
            rate_limits.count_code(caller, NOW),
            Err(ErpRateLimitError::LimitReached(minutes(60)))
        );
    }

    #[test]
    fn failures_are_counted_and_nothing_else_is() {
        let mut rate_limits = ErpRateLimits::default();
        let asha = roll(1);
        let caller = ErpCaller {
            client_address: client_address(1),
            roll: &asha,
        };
        for _ in 0..4 {
            rate_limits.count_code(caller, NOW).unwrap();
            rate_limits.undo_code(caller, true);
            // ERP could not send a code, or accepted the password.
            rate_limits.count_code(caller, NOW).unwrap();
            rate_limits.undo_code(caller, false);
            rate_limits.count_sign_in(caller, NOW).unwrap();
            rate_limits.undo_failure(caller);
        }
        rate_limits.count_sign_in(caller, NOW).unwrap();
        assert!(matches!(
            rate_limits.count_sign_in(caller, NOW),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        assert!(matches!(
            rate_limits.count_code(caller, NOW),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        let elsewhere = ErpCaller {
            client_address: client_address(2),
            roll: &asha,
        };
        assert!(matches!(
            rate_limits.count_sign_in(elsewhere, NOW),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        let another = roll(2);
        let other = ErpCaller {
            client_address: client_address(1),
            roll: &another,
        };
        rate_limits.count_sign_in(other, NOW).unwrap();
    }

    #[test]
    fn memory_has_an_end() {
        let mut window = RateWindow::default();
        for number in 0..=u32::try_from(MAX_KEYS).unwrap() {
            let when = if number == 7 { NOW + minutes(30) } else { NOW };
            window.record(number, when);
        }
        window.record(u32::MAX, NOW + minutes(61));
        assert_eq!(window.0.len(), 2);
    }
}
