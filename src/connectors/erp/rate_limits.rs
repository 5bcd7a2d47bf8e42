//! How many requests are sent to ERP per roll number and per client address. The limits prevent guessing
//! of credentials, flooding of a mailbox and collecting of other people's questions through this server. The
//! numbers are in [`table`], the limits of a single sign-in in [`super::state_machine`].

use std::net::IpAddr;
use std::time::Duration;

use super::roll_number::ErpRollNumber;
use crate::platform::clock::SharedClock;
use crate::platform::rate_limits::{BrowserKind, WindowLimiter, table};

/// The longest span of the limits here.
const HOUR: Duration = Duration::from_hours(1);
/// The shortest time between two codes to one roll number.
pub(super) const CODE_INTERVAL: Duration = table::ERP_CODE_INTERVAL.span;

/// Who a request is counted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErpCaller<'a> {
    pub client_address: IpAddr,
    pub roll: &'a ErpRollNumber,
    pub browser: BrowserKind,
}

impl ErpCaller<'_> {
    fn account(self) -> (ErpRollNumber, BrowserKind) {
        (self.roll.clone(), self.browser)
    }
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
pub(super) struct ErpRateLimits {
    questions: WindowLimiter<IpAddr>,
    codes: WindowLimiter<(ErpRollNumber, BrowserKind)>,
    codes_by_address: WindowLimiter<IpAddr>,
    failures: WindowLimiter<(ErpRollNumber, BrowserKind)>,
    failures_by_address: WindowLimiter<IpAddr>,
}

impl ErpRateLimits {
    pub(super) fn new(clock: &SharedClock) -> Self {
        Self {
            questions: WindowLimiter::new(HOUR, clock),
            codes: WindowLimiter::new(HOUR, clock),
            codes_by_address: WindowLimiter::new(HOUR, clock),
            failures: WindowLimiter::new(HOUR, clock),
            failures_by_address: WindowLimiter::new(HOUR, clock),
        }
    }

    /// Checks whether a question may be fetched, without counting it. Otherwise there is no reason to
    /// open an ERP session.
    pub(super) fn check_question(&self, client_address: IpAddr) -> Result<(), ErpRateLimitError> {
        self.questions
            .check(&client_address, table::ERP_QUESTIONS)
            .map_err(ErpRateLimitError::LimitReached)
    }

    pub(super) fn count_question(
        &mut self,
        client_address: IpAddr,
    ) -> Result<(), ErpRateLimitError> {
        self.check_question(client_address)?;
        self.questions.record(client_address);
        Ok(())
    }

    /// Counts a code before it is requested, both as sent and as a failure, and is corrected once the
    /// outcome is known. So simultaneous requests count one another.
    pub(super) fn count_code(&mut self, caller: ErpCaller<'_>) -> Result<(), ErpRateLimitError> {
        let account = caller.account();
        self.codes
            .check(&account, table::ERP_CODES)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.codes_by_address
            .check(&caller.client_address, table::ERP_CODES_FROM_ADDRESS)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.check_failures(caller)?;
        self.codes
            .check(&account, table::ERP_CODE_INTERVAL)
            .map_err(ErpRateLimitError::CodeTooSoon)?;
        self.codes.record(account);
        self.codes_by_address.record(caller.client_address);
        self.count_failure(caller);
        Ok(())
    }

    pub(super) fn confirm_code_sent(&mut self, caller: ErpCaller<'_>) {
        self.undo_failure(caller);
    }

    pub(super) fn undo_code(&mut self, caller: ErpCaller<'_>, failed: bool) {
        self.codes.undo_last(&caller.account());
        self.codes_by_address.undo_last(&caller.client_address);
        if !failed {
            self.undo_failure(caller);
        }
    }

    /// Counts a sign-in as a failure before it is tried; [`Self::undo_failure`] corrects that.
    pub(super) fn count_sign_in(&mut self, caller: ErpCaller<'_>) -> Result<(), ErpRateLimitError> {
        self.check_failures(caller)?;
        self.count_failure(caller);
        Ok(())
    }

    pub(super) fn undo_failure(&mut self, caller: ErpCaller<'_>) {
        self.failures.undo_last(&caller.account());
        self.failures_by_address.undo_last(&caller.client_address);
    }

    fn check_failures(&self, caller: ErpCaller<'_>) -> Result<(), ErpRateLimitError> {
        self.failures
            .check(&caller.account(), table::ERP_FAILURES)
            .map_err(ErpRateLimitError::LimitReached)?;
        self.failures_by_address
            .check(&caller.client_address, table::ERP_FAILURES_FROM_ADDRESS)
            .map_err(ErpRateLimitError::LimitReached)
    }

    fn count_failure(&mut self, caller: ErpCaller<'_>) {
        self.failures.record(caller.account());
        self.failures_by_address.record(caller.client_address);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use super::*;
    use crate::platform::clock::ManualClock;

    fn limits() -> (ErpRateLimits, Arc<ManualClock>) {
        let (clock, shared) = ManualClock::new();
        (ErpRateLimits::new(&shared), clock)
    }

    fn client_address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn roll(number: u32) -> ErpRollNumber {
        ErpRollNumber::parse(&format!("21CS{number:05}")).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    fn caller(roll: &ErpRollNumber, last: u8) -> ErpCaller<'_> {
        ErpCaller {
            client_address: client_address(last),
            roll,
            browser: BrowserKind::Stranger,
        }
    }

    #[test]
    fn questions_are_counted_by_address() {
        let (mut rate_limits, clock) = limits();
        for _ in 0..10 {
            rate_limits.count_question(client_address(1)).unwrap();
        }
        clock.advance(minutes(4));
        assert_eq!(
            rate_limits.count_question(client_address(1)),
            Err(ErpRateLimitError::LimitReached(minutes(6)))
        );
        rate_limits.count_question(client_address(2)).unwrap();
        clock.advance(minutes(6));
        rate_limits.count_question(client_address(1)).unwrap();
    }

    #[test]
    fn codes_are_counted_by_roll_number_and_by_address() {
        let (mut rate_limits, clock) = limits();
        let asha = roll(1);
        for minute in 0..6 {
            let caller = caller(&asha, 1);
            rate_limits.count_code(caller).unwrap();
            rate_limits.confirm_code_sent(caller);
            clock.advance(Duration::from_secs(59));
            let expected = if minute == 5 {
                ErpRateLimitError::LimitReached(minutes(54) + Duration::from_secs(1))
            } else {
                ErpRateLimitError::CodeTooSoon(Duration::from_secs(1))
            };
            assert_eq!(rate_limits.count_code(caller), Err(expected));
            clock.advance(Duration::from_secs(1));
        }
        // The same mailbox from another address.
        let elsewhere = caller(&asha, 2);
        assert!(matches!(
            rate_limits.count_code(elsewhere),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        clock.advance(minutes(54));
        rate_limits.count_code(elsewhere).unwrap();

        let (mut rate_limits, _) = limits();
        for number in 0..20 {
            let roll = roll(number);
            let caller = caller(&roll, 1);
            rate_limits.count_code(caller).unwrap();
            rate_limits.confirm_code_sent(caller);
        }
        assert_eq!(
            rate_limits.count_code(caller(&roll(99), 1)),
            Err(ErpRateLimitError::LimitReached(minutes(60)))
        );
    }

    #[test]
    fn failures_are_counted_and_nothing_else_is() {
        let (mut rate_limits, _) = limits();
        let asha = roll(1);
        let at_home = caller(&asha, 1);
        for _ in 0..4 {
            rate_limits.count_code(at_home).unwrap();
            rate_limits.undo_code(at_home, true);
            // ERP could not send a code, or accepted the password.
            rate_limits.count_code(at_home).unwrap();
            rate_limits.undo_code(at_home, false);
            rate_limits.count_sign_in(at_home).unwrap();
            rate_limits.undo_failure(at_home);
        }
        rate_limits.count_sign_in(at_home).unwrap();
        assert!(matches!(
            rate_limits.count_sign_in(at_home),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        assert!(matches!(
            rate_limits.count_code(at_home),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        assert!(matches!(
            rate_limits.count_sign_in(caller(&asha, 2)),
            Err(ErpRateLimitError::LimitReached(_))
        ));
        rate_limits.count_sign_in(caller(&roll(2), 1)).unwrap();
    }

    #[test]
    fn strangers_cannot_use_up_what_known_browsers_may() {
        let (mut rate_limits, _) = limits();
        let asha = roll(1);
        while rate_limits.count_sign_in(caller(&asha, 1)).is_ok() {}
        let known = ErpCaller {
            browser: BrowserKind::Known,
            ..caller(&asha, 2)
        };
        rate_limits.count_code(known).unwrap();
        rate_limits.undo_failure(known);
        for _ in 0..5 {
            rate_limits.count_sign_in(known).unwrap();
        }
        assert!(rate_limits.count_sign_in(known).is_err());
    }
}
