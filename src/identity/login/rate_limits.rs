//! How often somebody may fail to sign in. The table of limits:
//!
//! | Of | Failed tries at once | Then one every |
//! |---|---|---|
//! | one account from one address | 10 | 60 s |
//! | one account, from anywhere | 10 | 30 s |
//! | one address, whatever the account | 60 | 3 s |
//! | one account in a browser that signed in to it before | 10 | 30 s |
//! | one address beginning sign-ins that ask an upstream | 60 | 3 s |
//!
//! So a password is guessed at 120 times an hour at most, and nobody waits longer than a minute. A
//! browser that signed in to the account before ([`super::trusted_browser`]) has its own bucket in place of the
//! first three: whoever guesses at the account from elsewhere cannot lock its owner out. One address
//! alone cannot use up what the account gets back, so its owner gets in from another.
//!
//! An account is what was typed as its name, whether there is such an account or not. A try is taken
//! before it is judged and given back when it was right or could not be judged. So a lecture hall
//! behind one address may use up its tries for a moment without one of them being wrong: who finds
//! none waits a little while others are being judged ([`LoginLimits::wait`]).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::platform::clock::{Clock, Timestamp};
use crate::platform::secret::TokenHash;
use crate::platform::web;
use crate::platform::web::{ClientAddress, Permit, RateLimit, RateLimited};

const ACCOUNT_FROM_ADDRESS: RateLimit = RateLimit::new(10, Duration::from_mins(1));
const ACCOUNT: RateLimit = RateLimit::new(10, Duration::from_secs(30));
const ADDRESS: RateLimit = RateLimit::new(60, Duration::from_secs(3));
const KNOWN_BROWSER: RateLimit = RateLimit::new(10, Duration::from_secs(30));
/// How often it is noted that an account is slowed for an address.
const NOTED: RateLimit = RateLimit::new(1, Duration::from_mins(1));
/// The same of one address, whatever the account: names are made up faster than an audit is read.
const NOTED_FROM_ADDRESS: RateLimit = RateLimit::new(10, Duration::from_mins(1));
const BEGINNINGS: RateLimit = RateLimit::new(60, Duration::from_secs(3));

/// How often and how many times somebody who found no try left looks again: five seconds in all.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;

/// The account somebody signs in to, as they typed its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct AccountKey(TokenHash);

impl AccountKey {
    pub(super) fn typed(way: &str, name: &str) -> Self {
        let name = name.trim().to_lowercase();
        Self(TokenHash::of(format!("{way} {name}").as_bytes()))
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The buckets.
#[derive(Debug, Clone)]
pub(super) struct LoginLimits {
    account_from_address: web::RateLimiter<(AccountKey, IpAddr)>,
    account: web::RateLimiter<AccountKey>,
    address: web::RateLimiter<IpAddr>,
    known_browser: web::RateLimiter<(AccountKey, String)>,
    beginnings: web::RateLimiter<IpAddr>,
    noted: web::RateLimiter<(AccountKey, IpAddr)>,
    noted_from_address: web::RateLimiter<IpAddr>,
    judging: InFlightAttempts,
}

/// Who tries.
#[derive(Debug, Clone)]
pub(super) struct LimitSubject {
    pub account: AccountKey,
    pub address: ClientAddress,
    /// The name of a browser that signed in to this account before.
    pub known: Option<String>,
}

/// A try that was taken.
#[derive(Debug)]
#[must_use]
pub(super) struct LoginPermit {
    buckets: LimitBuckets,
    _judging: [InFlightGuard; 2],
}

#[derive(Debug)]
enum LimitBuckets {
    Known(Permit<(AccountKey, String)>),
    Stranger(
        Permit<(AccountKey, IpAddr)>,
        Permit<AccountKey>,
        Permit<IpAddr>,
    ),
}

/// How many tries are being judged at this moment, by account and by address.
#[derive(Debug, Clone, Default)]
struct InFlightAttempts(Arc<Mutex<HashMap<LimitKey, u32>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum LimitKey {
    Account(AccountKey),
    Address(IpAddr),
}

/// One that is; until it is dropped.
#[derive(Debug)]
struct InFlightGuard {
    judging: InFlightAttempts,
    key: LimitKey,
}

impl InFlightAttempts {
    fn begin(&self, key: LimitKey) -> InFlightGuard {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(key).or_default() += 1;
        drop(counts);
        InFlightGuard {
            judging: self.clone(),
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
        let counts = &self.judging.0;
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
    /// It was right, or could not be judged.
    pub(super) fn give_back(self) {
        match self.buckets {
            LimitBuckets::Known(taken) => taken.give_back(),
            LimitBuckets::Stranger(both, account, address) => {
                both.give_back();
                account.give_back();
                address.give_back();
            }
        }
    }
}

impl LoginLimits {
    pub(super) fn new() -> Self {
        Self {
            account_from_address: web::RateLimiter::new(ACCOUNT_FROM_ADDRESS),
            account: web::RateLimiter::new(ACCOUNT),
            address: web::RateLimiter::new(ADDRESS),
            known_browser: web::RateLimiter::new(KNOWN_BROWSER),
            beginnings: web::RateLimiter::new(BEGINNINGS),
            noted: web::RateLimiter::new(NOTED),
            noted_from_address: web::RateLimiter::new(NOTED_FROM_ADDRESS),
            judging: InFlightAttempts::default(),
        }
    }

    /// Takes a try, waiting a little for one that is being judged to be given back; or says how long
    /// to stay away.
    pub(super) async fn wait(
        &self,
        who: &LimitSubject,
        clock: &dyn Clock,
    ) -> Result<LoginPermit, RateLimited> {
        let keys = [
            LimitKey::Account(who.account),
            LimitKey::Address(who.address.0),
        ];
        for _ in 0..LOOKS {
            match self.take(who, clock.now()) {
                Err(_) if self.judging.any(keys) => tokio::time::sleep(LOOK_AGAIN).await,
                taken => return taken,
            }
        }
        self.take(who, clock.now())
    }

    fn take(&self, who: &LimitSubject, now: Timestamp) -> Result<LoginPermit, RateLimited> {
        let (account, address) = (who.account, who.address.0);
        let buckets = match &who.known {
            Some(browser) => {
                let key = (account, browser.clone());
                LimitBuckets::Known(self.known_browser.take(key, now)?)
            }
            None => self.take_as_stranger(account, address, now)?,
        };
        Ok(LoginPermit {
            buckets,
            _judging: [LimitKey::Account(account), LimitKey::Address(address)]
                .map(|key| self.judging.begin(key)),
        })
    }

    /// From all three buckets, or from none.
    fn take_as_stranger(
        &self,
        account: AccountKey,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<LimitBuckets, RateLimited> {
        let both = self.account_from_address.take((account, address), now)?;
        let of_account = match self.account.take(account, now) {
            Ok(taken) => taken,
            Err(slowed) => {
                both.give_back();
                return Err(slowed);
            }
        };
        match self.address.take(address, now) {
            Ok(of_address) => Ok(LimitBuckets::Stranger(both, of_account, of_address)),
            Err(slowed) => {
                both.give_back();
                of_account.give_back();
                Err(slowed)
            }
        }
    }

    /// Whether to note that somebody was slowed: not again within a minute, and not for every name that
    /// one address makes up.
    pub(super) fn is_news(&self, who: &LimitSubject, now: Timestamp) -> bool {
        let address = who.address.0;
        self.noted.take((who.account, address), now).is_ok()
            && self.noted_from_address.take(address, now).is_ok()
    }

    /// Takes a beginning of a sign-in that asks an upstream: we must not be used to flood it.
    pub(super) fn begin(
        &self,
        ClientAddress(address): ClientAddress,
        now: Timestamp,
    ) -> Result<(), RateLimited> {
        self.beginnings.take(address, now).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn from(last: u8) -> ClientAddress {
        ClientAddress(IpAddr::from([192, 0, 2, last]))
    }

    fn asha() -> AccountKey {
        AccountKey::typed("password", "asha")
    }

    fn stranger(account: AccountKey, address: ClientAddress) -> LimitSubject {
        LimitSubject {
            account,
            address,
            known: None,
        }
    }

    #[test]
    fn guessing_is_slowed_to_one_in_thirty_seconds_from_however_many_addresses() {
        let limits = LoginLimits::new();
        let mut judged = 0;
        for second in 0..3_600 {
            let now = START + Duration::from_secs(second);
            let address = from(u8::try_from(second % 250).unwrap());
            judged += usize::from(limits.take(&stranger(asha(), address), now).is_ok());
        }
        assert_eq!(judged, 10 + 119);
    }

    #[test]
    fn one_address_cannot_keep_the_owner_out() {
        let limits = LoginLimits::new();
        for second in 0..600 {
            let now = START + Duration::from_secs(second);
            let _ = limits.take(&stranger(asha(), from(6)), now);
        }
        let now = START + Duration::from_mins(10);
        assert!(limits.take(&stranger(asha(), from(7)), now).is_ok());
    }

    #[test]
    fn a_browser_that_was_here_before_is_not_held_up_by_others() {
        let limits = LoginLimits::new();
        for second in 0..600 {
            let now = START + Duration::from_secs(second);
            let _ = limits.take(&stranger(asha(), from(6)), now);
        }
        let now = START + Duration::from_mins(10);
        let known = LimitSubject {
            known: Some("browser".to_owned()),
            ..stranger(asha(), from(6))
        };
        for _ in 0..10 {
            let _ = limits.take(&known, now).unwrap();
        }
        let slowed = limits.take(&known, now).unwrap_err();
        assert!(slowed.0 <= Duration::from_mins(1));
    }

    #[test]
    fn spraying_from_one_address_is_slowed_whatever_the_account() {
        let limits = LoginLimits::new();
        let spray = |name: &str, now| {
            limits.take(&stranger(AccountKey::typed("password", name), from(6)), now)
        };
        for number in 0..60 {
            let _ = spray(&number.to_string(), START).unwrap();
        }
        let slowed = spray("61", START).unwrap_err();
        assert_eq!(slowed.0, Duration::from_secs(3));
        // What was refused took nothing from the account.
        for _ in 0..10 {
            let taken = limits.take(
                &stranger(AccountKey::typed("password", "61"), from(7)),
                START,
            );
            let _ = taken.unwrap();
        }
    }

    #[test]
    fn right_tries_cost_nothing() {
        let limits = LoginLimits::new();
        for _ in 0..100 {
            let taken = limits.take(&stranger(asha(), from(6)), START);
            taken.unwrap().give_back();
        }
    }

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            START
        }
    }

    #[tokio::test]
    async fn many_who_are_right_at_once_only_wait_for_each_other() {
        let limits = LoginLimits::new();
        let taken: Vec<_> = (0..10)
            .map(|_| limits.take(&stranger(asha(), from(6)), START).unwrap())
            .collect();
        let (late, ()) = tokio::join!(
            async {
                let who = stranger(asha(), from(6));
                limits.wait(&who, &Stopped).await
            },
            async { taken.into_iter().for_each(LoginPermit::give_back) }
        );
        assert!(late.is_ok());
    }

    #[tokio::test]
    async fn who_was_wrong_too_often_is_told_at_once() {
        let limits = LoginLimits::new();
        let who = stranger(asha(), from(6));
        while limits.wait(&who, &Stopped).await.is_ok() {}
        assert!(
            !limits
                .judging
                .any([LimitKey::Account(asha()), LimitKey::Address(from(6).0)])
        );
    }

    #[test]
    fn an_account_is_the_same_however_its_name_is_typed() {
        assert_eq!(AccountKey::typed("password", " Asha "), asha());
        assert_ne!(AccountKey::typed("ldap", "asha"), asha());
    }
}
