//! The rate limits of the sign-in page, which make guessing passwords slow. The numbers are in
//! [`rate_limits::table`](crate::platform::rate_limits::table).
//!
//! A try counts against three buckets: the account from this address, the account from anywhere, and the
//! address. So a password can be guessed 120 times an hour at most, and nobody waits longer than a minute. A
//! trusted browser, which signed in to the account before ([`super::trusted_browser`]), has a bucket of its
//! own instead, so an attacker elsewhere cannot lock the owner out. One address alone cannot use up the
//! tries of an account, so the owner can sign in from another address.
//!
//! The account is the name that was entered, whether such an account exists or not. A try is taken before
//! the answers are checked, and given back if they were right or could not be checked. Many people behind
//! one address may therefore use up its tries for a moment without a wrong answer: a request that finds
//! none waits a little while others are being checked ([`LoginLimits::wait`]).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::SharedClock;
use crate::platform::rate_limits::{BrowserKind, Permit, RateLimited, RateLimiter, table};
use crate::platform::secret::SecretHash;
use crate::platform::web::ClientAddress;

/// How often and how many times a request without a try looks again: five seconds in all.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
const MAX_RETRIES: u32 = 100;

/// The account of a login, by the name that was entered, as a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AccountKey(SecretHash);

impl AccountKey {
    pub(super) fn of(connector: &str, name: &str) -> Self {
        let name = name.trim().to_lowercase();
        Self(SecretHash::of(format!("{connector} {name}").as_bytes()))
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The buckets of the rate limits.
#[derive(Debug, Clone)]
pub(super) struct LoginLimits {
    account_from_address: RateLimiter<(AccountKey, IpAddr)>,
    account: RateLimiter<AccountKey>,
    address: RateLimiter<IpAddr>,
    trusted_browser: RateLimiter<(AccountKey, String)>,
    starts: RateLimiter<IpAddr>,
    audits: RateLimiter<(AccountKey, IpAddr)>,
    audits_from_address: RateLimiter<IpAddr>,
    in_flight: InFlightAttempts,
}

/// The buckets that a try is taken from.
#[derive(Debug, Clone)]
pub(super) struct LimitSubject {
    pub account: AccountKey,
    pub address: ClientAddress,
    /// The id of a browser that signed in to this account before.
    pub trusted_browser: Option<String>,
}

impl LimitSubject {
    /// For the limits of connectors.
    pub(super) fn browser_kind(&self) -> BrowserKind {
        match self.trusted_browser {
            Some(_) => BrowserKind::Known,
            None => BrowserKind::Stranger,
        }
    }
}

/// A try that was taken. It stays taken when it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct LoginPermit {
    buckets: LimitBuckets,
    _in_flight: [InFlightGuard; 2],
}

#[derive(Debug)]
enum LimitBuckets {
    Trusted(Permit<(AccountKey, String)>),
    Untrusted(
        Permit<(AccountKey, IpAddr)>,
        Permit<AccountKey>,
        Permit<IpAddr>,
    ),
}

/// The number of tries that are being checked now, by account and by address.
#[derive(Debug, Clone, Default)]
struct InFlightAttempts(Arc<Mutex<HashMap<LimitKey, u32>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum LimitKey {
    Account(AccountKey),
    Address(IpAddr),
}

/// Counts a try as in flight until it is dropped.
#[derive(Debug)]
struct InFlightGuard {
    in_flight: InFlightAttempts,
    key: LimitKey,
}

impl InFlightAttempts {
    fn begin(&self, key: LimitKey) -> InFlightGuard {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(key).or_default() += 1;
        drop(counts);
        InFlightGuard {
            in_flight: self.clone(),
            key,
        }
    }

    fn any(&self, keys: [LimitKey; 2]) -> bool {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| counts.contains_key(key))
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let counts = &self.in_flight.0;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

impl LoginPermit {
    /// The answers were right, or could not be checked.
    pub(super) fn give_back(self) {
        match self.buckets {
            LimitBuckets::Trusted(permit) => permit.give_back(),
            LimitBuckets::Untrusted(both, account, address) => {
                both.give_back();
                account.give_back();
                address.give_back();
            }
        }
    }
}

impl LoginLimits {
    pub(super) fn new(clock: &SharedClock) -> Self {
        Self {
            account_from_address: RateLimiter::new(table::LOGIN_ACCOUNT_FROM_ADDRESS, clock),
            account: RateLimiter::new(table::LOGIN_ACCOUNT, clock),
            address: RateLimiter::new(table::LOGIN_ADDRESS, clock),
            trusted_browser: RateLimiter::new(table::LOGIN_KNOWN_BROWSER, clock),
            starts: RateLimiter::new(table::LOGIN_STARTS, clock),
            audits: RateLimiter::new(table::LOGIN_AUDIT, clock),
            audits_from_address: RateLimiter::new(table::LOGIN_AUDIT_FROM_ADDRESS, clock),
            in_flight: InFlightAttempts::default(),
        }
    }

    /// Takes a try. If there is none, waits a little for one that is being checked to be given back;
    /// otherwise returns how long the client has to wait.
    pub(super) async fn wait(&self, subject: &LimitSubject) -> Result<LoginPermit, RateLimited> {
        let keys = [
            LimitKey::Account(subject.account),
            LimitKey::Address(subject.address.0),
        ];
        for _ in 0..MAX_RETRIES {
            match self.take(subject) {
                Err(_) if self.in_flight.any(keys) => tokio::time::sleep(RETRY_INTERVAL).await,
                result => return result,
            }
        }
        self.take(subject)
    }

    fn take(&self, subject: &LimitSubject) -> Result<LoginPermit, RateLimited> {
        let (account, address) = (subject.account, subject.address.0);
        let buckets = match &subject.trusted_browser {
            Some(browser) => {
                let key = (account, browser.clone());
                LimitBuckets::Trusted(self.trusted_browser.take(key)?)
            }
            None => self.take_untrusted(account, address)?,
        };
        Ok(LoginPermit {
            buckets,
            _in_flight: [LimitKey::Account(account), LimitKey::Address(address)]
                .map(|key| self.in_flight.begin(key)),
        })
    }

    /// Takes from all three buckets, or from none.
    fn take_untrusted(
        &self,
        account: AccountKey,
        address: IpAddr,
    ) -> Result<LimitBuckets, RateLimited> {
        let both = self.account_from_address.take((account, address))?;
        let of_account = match self.account.take(account) {
            Ok(permit) => permit,
            Err(limited) => {
                both.give_back();
                return Err(limited);
            }
        };
        match self.address.take(address) {
            Ok(of_address) => Ok(LimitBuckets::Untrusted(both, of_account, of_address)),
            Err(limited) => {
                both.give_back();
                of_account.give_back();
                Err(limited)
            }
        }
    }

    /// Whether to write an audit entry about a refused try: once a minute for an account and an address, and
    /// not for every name that one address invents.
    pub(super) fn needs_audit(&self, subject: &LimitSubject) -> bool {
        let address = subject.address.0;
        self.audits.take((subject.account, address)).is_ok()
            && self.audits_from_address.take(address).is_ok()
    }

    /// Counts the start of a login that contacts an upstream, so that this server cannot be used to flood
    /// it.
    pub(super) fn count_start(
        &self,
        ClientAddress(address): ClientAddress,
    ) -> Result<(), RateLimited> {
        self.starts.take(address).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::clock::ManualClock;

    fn limits() -> (LoginLimits, Arc<ManualClock>) {
        let (clock, shared) = ManualClock::new();
        (LoginLimits::new(&shared), clock)
    }

    fn address(last: u8) -> ClientAddress {
        ClientAddress(IpAddr::from([192, 0, 2, last]))
    }

    fn asha() -> AccountKey {
        AccountKey::of("password", "asha")
    }

    fn untrusted(account: AccountKey, address: ClientAddress) -> LimitSubject {
        LimitSubject {
            account,
            address,
            trusted_browser: None,
        }
    }

    #[test]
    fn guessing_is_limited_to_one_in_thirty_seconds_from_any_number_of_addresses() {
        let (limits, clock) = limits();
        let mut accepted = 0;
        for second in 0..3_600 {
            let address = address(u8::try_from(second % 250).unwrap());
            accepted += usize::from(limits.take(&untrusted(asha(), address)).is_ok());
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(accepted, 10 + 119);
    }

    /// Tries to sign in as asha from one address for ten minutes, once a second.
    fn attack(limits: &LoginLimits, clock: &ManualClock) {
        for _ in 0..600 {
            let _ = limits.take(&untrusted(asha(), address(6)));
            clock.advance(Duration::from_secs(1));
        }
    }

    #[test]
    fn one_address_cannot_keep_the_owner_out() {
        let (limits, clock) = limits();
        attack(&limits, &clock);
        assert!(limits.take(&untrusted(asha(), address(7))).is_ok());
    }

    #[test]
    fn a_trusted_browser_is_not_limited_by_the_tries_of_others() {
        let (limits, clock) = limits();
        attack(&limits, &clock);
        let trusted = LimitSubject {
            trusted_browser: Some("browser".to_owned()),
            ..untrusted(asha(), address(6))
        };
        for _ in 0..10 {
            let _ = limits.take(&trusted).unwrap();
        }
        let limited = limits.take(&trusted).unwrap_err();
        assert!(limited.0 <= Duration::from_mins(1));
    }

    #[test]
    fn password_spraying_from_one_address_is_limited_whatever_the_account() {
        let (limits, _) = limits();
        let spray = |name: &str, from| {
            limits.take(&untrusted(AccountKey::of("password", name), address(from)))
        };
        for number in 0..60 {
            let _ = spray(&number.to_string(), 6).unwrap();
        }
        let limited = spray("61", 6).unwrap_err();
        assert_eq!(limited.0, Duration::from_secs(3));
        // A refused try took nothing from the account.
        for _ in 0..10 {
            let _ = spray("61", 7).unwrap();
        }
    }

    #[test]
    fn right_answers_use_up_no_tries() {
        let (limits, _) = limits();
        for _ in 0..100 {
            let permit = limits.take(&untrusted(asha(), address(6)));
            permit.unwrap().give_back();
        }
    }

    #[tokio::test]
    async fn many_right_answers_at_once_only_wait_for_each_other() {
        let (limits, _) = limits();
        let permits: Vec<_> = (0..10)
            .map(|_| limits.take(&untrusted(asha(), address(6))).unwrap())
            .collect();
        let (late, ()) = tokio::join!(
            async { limits.wait(&untrusted(asha(), address(6))).await },
            async { permits.into_iter().for_each(LoginPermit::give_back) }
        );
        assert!(late.is_ok());
    }

    #[tokio::test]
    async fn too_many_wrong_answers_are_refused_without_a_wait() {
        let (limits, _) = limits();
        let subject = untrusted(asha(), address(6));
        while limits.wait(&subject).await.is_ok() {}
        assert!(
            !limits
                .in_flight
                .any([LimitKey::Account(asha()), LimitKey::Address(address(6).0)])
        );
    }

    #[test]
    fn an_account_is_the_same_in_any_spelling_of_its_name() {
        assert_eq!(AccountKey::of("password", " Asha "), asha());
        assert_ne!(AccountKey::of("ldap", "asha"), asha());
    }
}
