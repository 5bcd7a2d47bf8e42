//! How often ERP is asked on behalf of one roll number and of one address. We must not be the machine
//! by which somebody guesses at it, floods a mailbox, or reads other people's questions.
//!
//! | What | Of | At most |
//! |---|---|---|
//! | security questions | one address | 10 in 10 minutes |
//! | codes by mail | one roll number | 6 in an hour, 60 seconds apart |
//! | codes by mail | one address | 20 in an hour |
//! | wrong passwords and answers | one roll number | 5 in an hour |
//! | wrong passwords and answers | one address | 20 in an hour |
//!
//! What one sign-in may spend is in [`super::state_machine`]. All of it is memory of this process.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::roll_number::ErpRollNumber;
use crate::platform::clock::Timestamp;

const HOUR: Duration = Duration::from_hours(1);
const QUESTIONS: (usize, Duration) = (10, Duration::from_mins(10));
/// Between two codes to one roll number.
pub(super) const APART: Duration = Duration::from_mins(1);
/// More roll numbers or addresses than come within an hour; the memory this takes has an end.
const MOST: usize = 20_000;

/// Who asks, and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErpCaller<'a> {
    pub address: IpAddr,
    pub roll: &'a ErpRollNumber,
}

/// Spent: come back after this span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BudgetError {
    /// Much was asked: this sign-in is over.
    For(Duration),
    /// The last code is not old enough.
    TooSoon(Duration),
}

/// What was spent window.
#[derive(Default)]
pub(super) struct ErpBudgets {
    questions: RateWindow<IpAddr>,
    codes_to_roll: RateWindow<ErpRollNumber>,
    codes_from_address: RateWindow<IpAddr>,
    failures_of_roll: RateWindow<ErpRollNumber>,
    failures_from_address: RateWindow<IpAddr>,
}

impl ErpBudgets {
    /// Whether there is a question left to ask; without one there is no use in opening ERP's door.
    pub(super) fn may_ask_question(
        &mut self,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), BudgetError> {
        self.questions
            .room(&address, QUESTIONS, now)
            .map_err(BudgetError::For)
    }

    pub(super) fn ask_question(
        &mut self,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), BudgetError> {
        self.may_ask_question(address, now)?;
        self.questions.note(address, now);
        Ok(())
    }

    /// Before a code is asked for: it counts as sent, and as a failure, until it is known that it was
    /// neither. So those who ask at the same moment count each other.
    pub(super) fn ask_code(
        &mut self,
        whose: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), BudgetError> {
        let ErpCaller { address, roll } = whose;
        self.codes_to_roll
            .room(roll, (6, HOUR), now)
            .map_err(BudgetError::For)?;
        self.codes_from_address
            .room(&address, (20, HOUR), now)
            .map_err(BudgetError::For)?;
        self.may_fail(whose, now)?;
        self.codes_to_roll
            .room(roll, (1, APART), now)
            .map_err(BudgetError::TooSoon)?;
        self.codes_to_roll.note(roll.clone(), now);
        self.codes_from_address.note(address, now);
        self.fail(whose, now);
        Ok(())
    }

    pub(super) fn code_was_sent(&mut self, whose: ErpCaller<'_>) {
        self.did_not_fail(whose);
    }

    pub(super) fn code_was_not_sent(&mut self, whose: ErpCaller<'_>, failed: bool) {
        self.codes_to_roll.forget(whose.roll);
        self.codes_from_address.forget(&whose.address);
        if !failed {
            self.did_not_fail(whose);
        }
    }

    /// Before somebody signs in: it counts as a failure until it is known that it was none.
    pub(super) fn sign_in(
        &mut self,
        whose: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), BudgetError> {
        self.may_fail(whose, now)?;
        self.fail(whose, now);
        Ok(())
    }

    pub(super) fn did_not_fail(&mut self, whose: ErpCaller<'_>) {
        self.failures_of_roll.forget(whose.roll);
        self.failures_from_address.forget(&whose.address);
    }

    fn may_fail(
        &mut self,
        ErpCaller { address, roll }: ErpCaller<'_>,
        now: Timestamp,
    ) -> Result<(), BudgetError> {
        self.failures_of_roll
            .room(roll, (5, HOUR), now)
            .map_err(BudgetError::For)?;
        self.failures_from_address
            .room(&address, (20, HOUR), now)
            .map_err(BudgetError::For)
    }

    fn fail(&mut self, ErpCaller { address, roll }: ErpCaller<'_>, now: Timestamp) {
        self.failures_of_roll.note(roll.clone(), now);
        self.failures_from_address.note(address, now);
    }
}

/// When somebody did something, as far back as anybody asks.
///
/// No bucket of [`web::Limits`](crate::platform::web::RateLimiter): one that holds six and gets one back every ten
/// minutes lets eleven through within its first hour. What we promise ERP is a count in any hour.
struct RateWindow<K>(HashMap<K, VecDeque<Timestamp>>);

impl<K> Default for RateWindow<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> RateWindow<K> {
    /// Whether once more is fewer than `most` within the span; if not, for how long.
    fn room(
        &mut self,
        key: &K,
        (most, within): (usize, Duration),
        now: Timestamp,
    ) -> Result<(), Duration> {
        let Some(times) = self.0.get(key) else {
            return Ok(());
        };
        let recent: Vec<Timestamp> = times
            .iter()
            .copied()
            .filter(|at| now - *at < within)
            .collect();
        // Once the oldest of the last `most` has gone there is room.
        let Some(oldest) = recent.len().checked_sub(most).and_then(|at| recent.get(at)) else {
            return Ok(());
        };
        Err((*oldest + within - now).try_into().unwrap_or(within))
    }

    fn note(&mut self, key: K, now: Timestamp) {
        if self.0.len() >= MOST {
            self.0
                .retain(|_, times| times.back().is_some_and(|last| now - *last < HOUR));
        }
        let times = self.0.entry(key).or_default();
        times.retain(|at| now - *at < HOUR);
        times.push_back(now);
    }

    /// The last time did not count.
    fn forget(&mut self, key: &K) {
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

    fn address(last: u8) -> IpAddr {
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
        let mut budgets = ErpBudgets::default();
        for _ in 0..10 {
            budgets.ask_question(address(1), NOW).unwrap();
        }
        let later = NOW + minutes(4);
        assert_eq!(
            budgets.ask_question(address(1), later),
            Err(BudgetError::For(minutes(6)))
        );
        budgets.ask_question(address(2), later).unwrap();
        budgets.ask_question(address(1), NOW + minutes(10)).unwrap();
    }

    #[test]
    fn codes_are_counted_by_roll_number_and_by_address() {
        let mut budgets = ErpBudgets::default();
        let asha = roll(1);
        for minute in 0..6 {
            let whose = ErpCaller {
                address: address(1),
                roll: &asha,
            };
            let now = NOW + minutes(minute);
            budgets.ask_code(whose, now).unwrap();
            budgets.code_was_sent(whose);
            let soon = budgets.ask_code(whose, now + Duration::from_secs(59));
            let expected = if minute == 5 {
                BudgetError::For(minutes(54) + Duration::from_secs(1))
            } else {
                BudgetError::TooSoon(Duration::from_secs(1))
            };
            assert_eq!(soon, Err(expected));
        }
        // From elsewhere it is the same mailbox.
        let elsewhere = ErpCaller {
            address: address(2),
            roll: &asha,
        };
        assert!(matches!(
            budgets.ask_code(elsewhere, NOW + minutes(6)),
            Err(BudgetError::For(_))
        ));
        budgets.ask_code(elsewhere, NOW + minutes(60)).unwrap();

        let mut budgets = ErpBudgets::default();
        for number in 0..20 {
            let whose = ErpCaller {
                address: address(1),
                roll: &roll(number),
            };
            budgets.ask_code(whose, NOW).unwrap();
            budgets.code_was_sent(whose);
        }
        let whose = ErpCaller {
            address: address(1),
            roll: &roll(99),
        };
        assert_eq!(
            budgets.ask_code(whose, NOW),
            Err(BudgetError::For(minutes(60)))
        );
    }

    #[test]
    fn failures_are_counted_and_nothing_else_is() {
        let mut budgets = ErpBudgets::default();
        let asha = roll(1);
        let whose = ErpCaller {
            address: address(1),
            roll: &asha,
        };
        for _ in 0..4 {
            budgets.ask_code(whose, NOW).unwrap();
            budgets.code_was_not_sent(whose, true);
            // ERP had no code to give, or was right about the password.
            budgets.ask_code(whose, NOW).unwrap();
            budgets.code_was_not_sent(whose, false);
            budgets.sign_in(whose, NOW).unwrap();
            budgets.did_not_fail(whose);
        }
        budgets.sign_in(whose, NOW).unwrap();
        assert!(matches!(
            budgets.sign_in(whose, NOW),
            Err(BudgetError::For(_))
        ));
        assert!(matches!(
            budgets.ask_code(whose, NOW),
            Err(BudgetError::For(_))
        ));
        let elsewhere = ErpCaller {
            address: address(2),
            roll: &asha,
        };
        assert!(matches!(
            budgets.sign_in(elsewhere, NOW),
            Err(BudgetError::For(_))
        ));
        let another = roll(2);
        let other = ErpCaller {
            address: address(1),
            roll: &another,
        };
        budgets.sign_in(other, NOW).unwrap();
    }

    #[test]
    fn memory_has_an_end() {
        let mut window = RateWindow::default();
        for number in 0..=u32::try_from(MOST).unwrap() {
            let when = if number == 7 { NOW + minutes(30) } else { NOW };
            window.note(number, when);
        }
        window.note(u32::MAX, NOW + minutes(61));
        assert_eq!(window.0.len(), 2);
    }
}
