//! The number of a credential event.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The newest credential event that somebody has seen. Events of all people are numbered in one sequence, and a
/// person's epoch is the number of their newest one.
///
/// A flow that takes time carries the epoch it began under: that of the person, or the newest of all people
/// where the person is not known yet. If the person's epoch is higher when the flow wants to write, an event
/// came in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialEpoch(pub i32);

impl CredentialEpoch {
    /// Whether no event that this epoch has not seen lies between it and the person's epoch.
    pub fn covers(self, current: Self) -> bool {
        current <= self
    }
}

impl fmt::Display for CredentialEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_covers_earlier_events_and_no_later_one() {
        let seen = CredentialEpoch(5);
        assert!(seen.covers(CredentialEpoch(0)));
        assert!(seen.covers(CredentialEpoch(5)));
        assert!(!seen.covers(CredentialEpoch(6)));
    }
}
