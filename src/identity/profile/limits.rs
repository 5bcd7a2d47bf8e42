//! How often a confirmation link may be mailed, since anybody may type anybody's address. The numbers are in
//! [`rate_limits::table`](crate::platform::rate_limits::table).

use crate::platform::clock::SharedClock;
use crate::platform::id::PersonId;
use crate::platform::rate_limits::{RateLimited, RateLimiter, table};

/// The buckets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProfileLimits {
    person: RateLimiter<PersonId>,
    address: RateLimiter<String>,
}

impl ProfileLimits {
    pub fn new(clock: &SharedClock) -> Self {
        Self {
            person: RateLimiter::new(table::CONFIRMATIONS_BY_PERSON, clock),
            address: RateLimiter::new(table::CONFIRMATIONS_TO_ADDRESS, clock),
        }
    }

    /// Counts a mail to `address`, or returns how long to wait.
    pub(super) fn take(&self, person: PersonId, address: &str) -> Result<(), RateLimited> {
        // A requested mail counts even if it is not sent.
        let _ = self.address.take(address.to_lowercase())?;
        let _ = self.person.take(person)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::platform::clock::ManualClock;

    #[test]
    fn neither_a_person_nor_an_address_can_be_made_to_flood() {
        let (clock, shared) = ManualClock::new();
        let limits = ProfileLimits::new(&shared);
        for person in 1..=3 {
            assert!(limits.take(PersonId(person), "A@home.example").is_ok());
        }
        assert!(limits.take(PersonId(4), "a@HOME.example").is_err());
        for number in 0..9 {
            let address = format!("{number}@home.example");
            assert!(limits.take(PersonId(1), &address).is_ok());
        }
        assert!(limits.take(PersonId(1), "b@home.example").is_err());
        clock.advance(Duration::from_mins(10));
        assert!(limits.take(PersonId(1), "b@home.example").is_ok());
    }
}
