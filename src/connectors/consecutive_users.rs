//! Who was met last by what we do not know, where no more can be tried out.

use std::sync::{Mutex, PoisonError};

/// What comes once an upstream has accepted everything cannot be tried out with somebody made up. If one
/// person meets something unknown there, it may be theirs; a second one in a row, without anybody let in
/// between them, is the sign of a change. Memory of this process.
#[derive(Default)]
pub(super) struct ConsecutiveUsers(Mutex<Option<String>>);

impl ConsecutiveUsers {
    /// `who` met something unknown. Whether somebody else did just before.
    pub(super) fn is_second(&self, who: &str) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(who.to_owned());
        before.is_some_and(|before| before != who)
    }

    /// Somebody got in.
    pub(super) fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_are_two_and_one_who_tries_again_is_one() {
        let row = ConsecutiveUsers::default();
        assert!(!row.is_second("asha"));
        assert!(!row.is_second("asha"));
        assert!(row.is_second("ravi"));
        row.ends();
        assert!(!row.is_second("asha"));
    }
}
