//! Tells a change of an upstream from an oddity of one account.

use std::sync::{Mutex, PoisonError};

/// What an upstream sends after it has accepted all answers cannot be tested with a made-up account. If one
/// person meets something unknown there, it may come from their record. If a second person meets it
/// without a successful login in between, the upstream has changed. Kept in the memory of this process.
#[derive(Default)]
pub(super) struct ConsecutiveUsers(Mutex<Option<String>>);

impl ConsecutiveUsers {
    /// `user` met something unknown. Returns whether the user before did too, and was another.
    pub(super) fn is_second(&self, user: &str) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(user.to_owned());
        before.is_some_and(|before| before != user)
    }

    /// A login succeeded.
    pub(super) fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_are_two_and_one_who_retries_is_one() {
        let row = ConsecutiveUsers::default();
        assert!(!row.is_second("asha"));
        assert!(!row.is_second("asha"));
        assert!(row.is_second("ravi"));
        row.reset();
        assert!(!row.is_second("asha"));
    }
}
