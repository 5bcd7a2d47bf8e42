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
//! What one sign-in may spend is in [`super::machine`]. All of it is memory of this process.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::roll::Roll;
use crate::platform::clock::Moment;

const HOUR: Duration = Duration::from_hours(1);
const QUESTIONS: (usize, Duration) = (10, Duration::from_mins(10));
/// Between two codes to one roll number.
pub(super) const APART: Duration = Duration::from_mins(1);
/// More roll numbers or addresses than come within an hour; the memory this takes has an end.
const MOST: usize = 20_000;

/// Who asks, and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    pub address: IpAddr,
    pub roll: &'a Roll,
}

/// Spent: come back after this span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// Much was asked: this sign-in is over.
    For(Duration),
    /// The last code is not old enough.
    TooSoon(Duration),
}

/// What was spent window.
#[derive(Default)]
pub(super) struct Budgets {
    questions: Window<IpAddr>,
    codes_to_roll: Window<Roll>,
    codes_from_address: Window<IpAddr>,
    failures_of_roll: Window<Roll>,
    failures_from_address: Window<IpAddr>,
}

impl Budgets {
    /// Whether there is a question left to ask; without one there is no use in opening ERP's door.
    pub(super) fn may_ask_question(&mut self, address: IpAddr, now: Moment) -> Result<(), Spent> {
        self.questions
            .room(&address, QUESTIONS, now)
            .map_err(Spent::For)
    }

    pub(super) fn ask_question(&mut self, address: IpAddr, now: Moment) -> Result<(), Spent> {
        self.may_ask_question(address, now)?;
        self.questions.note(address, now);
        Ok(())
    }

    /// Before a code is asked for: it counts as sent, and as a failure, until it is known that it was
    /// neither. So those who ask at the same moment count each other.
    pub(super) fn ask_code(&mut self, whose: Whose<'_>, now: Moment) -> Result<(), Spent> {
        let Whose { address, roll } = whose;
        self.codes_to_roll
            .room(roll, (6, HOUR), now)
            .map_err(Spent::For)?;
        self.codes_from_address
            .room(&address, (20, HOUR), now)
            .map_err(Spent::For)?;
        self.may_fail(whose, now)?;
        self.codes_to_roll
            .room(roll, (1, APART), now)
            .map_err(Spent::TooSoon)?;
        self.codes_to_roll.note(roll.clone(), now);
        self.codes_from_address.note(address, now);
        self.fail(whose, now);
        Ok(())
    }

    pub(super) fn code_was_sent(&mut self, whose: Whose<'_>) {
        self.did_not_fail(whose);
    }

    pub(super) fn code_was_not_sent(&mut self, whose: Whose<'_>, failed: bool) {
        self.codes_to_roll.forget(whose.roll);
        self.codes_from_address.forget(&whose.address);
        if !failed {
            self.did_not_fail(whose);
        }
    }

    /// Before somebody signs in: it counts as a failure until it is known that it was none.
    pub(super) fn sign_in(&mut self, whose: Whose<'_>, now: Moment) -> Result<(), Spent> {
        self.may_fail(whose, now)?;
        self.fail(whose, now);
        Ok(())
    }

    pub(super) fn did_not_fail(&mut self, whose: Whose<'_>) {
        self.failures_of_roll.forget(whose.roll);
        self.failures_from_address.forget(&whose.address);
    }

    fn may_fail(&mut self, Whose { address, roll }: Whose<'_>, now: Moment) -> Result<(), Spent> {
        self.failures_of_roll
            .room(roll, (5, HOUR), now)
            .map_err(Spent::For)?;
        self.failures_from_address
            .room(&address, (20, HOUR), now)
            .map_err(Spent::For)
    }

    fn fail(&mut self, Whose { address, roll }: Whose<'_>, now: Moment) {
        self.failures_of_roll.note(roll.clone(), now);
        self.failures_from_address.note(address, now);
    }
}

/// When somebody did something, as far back as anybody asks.
///
/// No bucket of [`web::Limits`](crate::platform::web::Limits): one that holds six and gets one back every ten
/// minutes lets eleven through within its first hour. What we promise ERP is a count in any hour.
struct Window<K>(HashMap<K, VecDeque<Moment>>);

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Window<K> {
    /// Whether once more is fewer than `most` within the span; if not, for how long.
    fn room(
        &mut self,
        key: &K,
        (most, within): (usize, Duration),
        now: Moment,
    ) -> Result<(), Duration> {
        let Some(times) = self.0.get(key) else {
            return Ok(());
        };
        let recent: Vec<Moment> = times
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

    fn note(&mut self, key: K, now: Moment) {
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

    const NOW: Moment = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn roll(number: u32) -> Roll {
        Roll::parse(&format!("21CS{number:05}")).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn questions_are_counted_by_address() {
        let mut budgets = Budgets::default();
        for _ in 0..10 {
            budgets.ask_question(address(1), NOW).unwrap();
        }
        let later = NOW + minutes(4);
        assert_eq!(
            budgets.ask_question(address(1), later),
            Err(Spent::For(minutes(6)))
        );
        budgets.ask_question(address(2), later).unwrap();
        budgets.ask_question(address(1), NOW + minutes(10)).unwrap();
    }

    #[test]
    fn codes_are_counted_by_roll_number_and_by_address() {
        let mut budgets = Budgets::default();
        let asha = roll(1);
        for minute in 0..6 {
            let whose = Whose {
                address: address(1),
                roll: &asha,
            };
            let now = NOW + minutes(minute);
            budgets.ask_code(whose, now).unwrap();
            budgets.code_was_sent(whose);
            let soon = budgets.ask_code(whose, now + Duration::from_secs(59));
            let expected = if minute == 5 {
                Spent::For(minutes(54) + Duration::from_secs(1))
            } else {
                Spent::TooSoon(Duration::from_secs(1))
            };
            assert_eq!(soon, Err(expected));
        }
        // From elsewhere it is the same mailbox.
        let elsewhere = Whose {
            address: address(2),
            roll: &asha,
        };
        assert!(matches!(
            budgets.ask_code(elsewhere, NOW + minutes(6)),
            Err(Spent::For(_))
        ));
        budgets.ask_code(elsewhere, NOW + minutes(60)).unwrap();

        let mut budgets = Budgets::default();
        for number in 0..20 {
            let whose = Whose {
                address: address(1),
                roll: &roll(number),
            };
            budgets.ask_code(whose, NOW).unwrap();
            budgets.code_was_sent(whose);
        }
        let whose = Whose {
            address: address(1),
            roll: &roll(99),
        };
        assert_eq!(budgets.ask_code(whose, NOW), Err(Spent::For(minutes(60))));
    }

    #[test]
    fn failures_are_counted_and_nothing_else_is() {
        let mut budgets = Budgets::default();
        let asha = roll(1);
        let whose = Whose {
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
        assert!(matches!(budgets.sign_in(whose, NOW), Err(Spent::For(_))));
        assert!(matches!(budgets.ask_code(whose, NOW), Err(Spent::For(_))));
        let elsewhere = Whose {
            address: address(2),
            roll: &asha,
        };
        assert!(matches!(
            budgets.sign_in(elsewhere, NOW),
            Err(Spent::For(_))
        ));
        let another = roll(2);
        let other = Whose {
            address: address(1),
            roll: &another,
        };
        budgets.sign_in(other, NOW).unwrap();
    }

    #[test]
    fn memory_has_an_end() {
        let mut window = Window::default();
        for number in 0..=u32::try_from(MOST).unwrap() {
            let when = if number == 7 { NOW + minutes(30) } else { NOW };
            window.note(number, when);
        }
        window.note(u32::MAX, NOW + minutes(61));
        assert_eq!(window.0.len(), 2);
    }
}
