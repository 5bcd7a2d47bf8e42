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
//! browser that signed in to the account before ([`super::known`]) has its own bucket in place of the
//! first three: whoever guesses at the account from elsewhere cannot lock its owner out. One address
//! alone cannot use up what the account gets back, so its owner gets in from another.
//!
//! An account is what was typed as its name, whether there is such an account or not. A try is taken
//! before it is judged and given back when it was right or could not be judged.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Moment;
use crate::secret::Fingerprint;
use crate::web;
use crate::web::ClientAddress;
use crate::web::Limit;
use crate::web::Slowed;
use crate::web::Taken;

const ACCOUNT_FROM_ADDRESS: Limit = Limit::new(10, Duration::from_mins(1));
const ACCOUNT: Limit = Limit::new(10, Duration::from_secs(30));
const ADDRESS: Limit = Limit::new(60, Duration::from_secs(3));
const KNOWN_BROWSER: Limit = Limit::new(10, Duration::from_secs(30));
const BEGINNINGS: Limit = Limit::new(60, Duration::from_secs(3));

/// The account somebody signs in to, as they typed its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Account(Fingerprint);

impl Account {
    pub(super) fn typed(way: &str, name: &str) -> Self {
        let name = name.trim().to_lowercase();
        Self(Fingerprint::of(format!("{way} {name}").as_bytes()))
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// The buckets.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    account_from_address: web::Limits<(Account, IpAddr)>,
    account: web::Limits<Account>,
    address: web::Limits<IpAddr>,
    known_browser: web::Limits<(Account, String)>,
    beginnings: web::Limits<IpAddr>,
}

/// A try that was taken.
#[derive(Debug)]
#[must_use]
pub(super) enum Try {
    Known(Taken<(Account, String)>),
    Stranger(Taken<(Account, IpAddr)>, Taken<Account>, Taken<IpAddr>),
}

impl Try {
    /// It was right, or could not be judged.
    pub(super) fn give_back(self) {
        match self {
            Self::Known(taken) => taken.give_back(),
            Self::Stranger(both, account, address) => {
                both.give_back();
                account.give_back();
                address.give_back();
            }
        }
    }
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            account_from_address: web::Limits::new(ACCOUNT_FROM_ADDRESS),
            account: web::Limits::new(ACCOUNT),
            address: web::Limits::new(ADDRESS),
            known_browser: web::Limits::new(KNOWN_BROWSER),
            beginnings: web::Limits::new(BEGINNINGS),
        }
    }

    /// Takes a try, or says how long to wait. `known` is the name of a browser that signed in to this
    /// account before.
    pub(super) fn take(
        &self,
        account: Account,
        ClientAddress(address): ClientAddress,
        known: Option<String>,
        now: Moment,
    ) -> Result<Try, Slowed> {
        if let Some(browser) = known {
            let taken = self.known_browser.take((account, browser), now)?;
            return Ok(Try::Known(taken));
        }
        let both = self.account_from_address.take((account, address), now)?;
        let of_account = match self.account.take(account, now) {
            Ok(taken) => taken,
            Err(slowed) => {
                both.give_back();
                return Err(slowed);
            }
        };
        match self.address.take(address, now) {
            Ok(of_address) => Ok(Try::Stranger(both, of_account, of_address)),
            Err(slowed) => {
                both.give_back();
                of_account.give_back();
                Err(slowed)
            }
        }
    }

    /// Takes a beginning of a sign-in that asks an upstream: we must not be used to flood it.
    pub(super) fn begin(
        &self,
        ClientAddress(address): ClientAddress,
        now: Moment,
    ) -> Result<(), Slowed> {
        self.beginnings.take(address, now).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment = time::macros::datetime!(2026-11-21 12:00 UTC);

    fn from(last: u8) -> ClientAddress {
        ClientAddress(IpAddr::from([192, 0, 2, last]))
    }

    fn asha() -> Account {
        Account::typed("password", "asha")
    }

    #[test]
    fn guessing_is_slowed_to_one_in_thirty_seconds_from_however_many_addresses() {
        let limits = Limits::new();
        let mut judged = 0;
        for second in 0..3_600 {
            let now = START + Duration::from_secs(second);
            let address = from(u8::try_from(second % 250).unwrap());
            judged += usize::from(limits.take(asha(), address, None, now).is_ok());
        }
        assert_eq!(judged, 10 + 119);
    }

    #[test]
    fn one_address_cannot_keep_the_owner_out() {
        let limits = Limits::new();
        for second in 0..600 {
            let now = START + Duration::from_secs(second);
            let _ = limits.take(asha(), from(6), None, now);
        }
        let now = START + Duration::from_mins(10);
        assert!(limits.take(asha(), from(7), None, now).is_ok());
    }

    #[test]
    fn a_browser_that_was_here_before_is_not_held_up_by_others() {
        let limits = Limits::new();
        for second in 0..600 {
            let now = START + Duration::from_secs(second);
            let _ = limits.take(asha(), from(6), None, now);
        }
        let now = START + Duration::from_mins(10);
        let known = || Some("browser".to_owned());
        for _ in 0..10 {
            let _ = limits.take(asha(), from(6), known(), now).unwrap();
        }
        let slowed = limits.take(asha(), from(6), known(), now).unwrap_err();
        assert!(slowed.0 <= Duration::from_mins(1));
    }

    #[test]
    fn spraying_from_one_address_is_slowed_whatever_the_account() {
        let limits = Limits::new();
        let spray =
            |name: &str, now| limits.take(Account::typed("password", name), from(6), None, now);
        for number in 0..60 {
            let _ = spray(&number.to_string(), START).unwrap();
        }
        let slowed = spray("61", START).unwrap_err();
        assert_eq!(slowed.0, Duration::from_secs(3));
        // What was refused took nothing from the account.
        for _ in 0..10 {
            let taken = limits.take(Account::typed("password", "61"), from(7), None, START);
            let _ = taken.unwrap();
        }
    }

    #[test]
    fn right_tries_cost_nothing() {
        let limits = Limits::new();
        for _ in 0..100 {
            limits
                .take(asha(), from(6), None, START)
                .unwrap()
                .give_back();
        }
    }

    #[test]
    fn an_account_is_the_same_however_its_name_is_typed() {
        assert_eq!(Account::typed("password", " Asha "), asha());
        assert_ne!(Account::typed("ldap", "asha"), asha());
    }
}
