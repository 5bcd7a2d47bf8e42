//! How often a link may be mailed, since anybody may type anybody's address:
//!
//! | Of | Mails at once | Then one every |
//! |---|---|---|
//! | one person | 10 | 10 min |
//! | one address, from any person | 3 | 10 min |

use std::time::Duration;

use crate::platform::clock::Timestamp;
use crate::platform::id::PersonId;
use crate::platform::web;
use crate::platform::web::{RateLimit, RateLimited};

const PERSON: RateLimit = RateLimit::new(10, Duration::from_mins(10));
const ADDRESS: RateLimit = RateLimit::new(3, Duration::from_mins(10));

/// The buckets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProfileLimits {
    person: web::RateLimiter<PersonId>,
    address: web::RateLimiter<String>,
}

impl Default for ProfileLimits {
    fn default() -> Self {
        Self {
            person: web::RateLimiter::new(PERSON),
            address: web::RateLimiter::new(ADDRESS),
        }
    }
}

impl ProfileLimits {
    /// Counts a mail to `address`, or returns how long to wait.
    pub(super) fn take(
        &self,
        person: PersonId,
        address: &str,
        now: Timestamp,
    ) -> Result<(), RateLimited> {
        // A requested mail counts even if it is not sent.
        let _ = self.address.take(address.to_lowercase(), now)?;
        let _ = self.person.take(person, now)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = time::macros::datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn neither_a_person_nor_an_address_can_be_made_to_flood() {
        let limits = ProfileLimits::default();
        for person in 1..=3 {
            assert!(
                limits
                    .take(PersonId(person), "A@home.example", START)
                    .is_ok()
            );
        }
        assert!(limits.take(PersonId(4), "a@HOME.example", START).is_err());
        for number in 0..9 {
            let address = format!("{number}@home.example");
            assert!(limits.take(PersonId(1), &address, START).is_ok());
        }
        assert!(limits.take(PersonId(1), "b@home.example", START).is_err());
        let later = START + Duration::from_mins(10);
        assert!(limits.take(PersonId(1), "b@home.example", later).is_ok());
    }
}
