//! Reads of personal data: who read which fields of whom, how often and when.

use std::collections::HashMap;

use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, PersonId};

/// How often an app has read a field of a person, and when it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldReads {
    pub field: Field,
    pub times: i64,
    pub last: Timestamp,
}

/// Whose data was read, by which app, and which fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReadKey {
    pub person: PersonId,
    pub app: AppId,
    pub fields: FieldSet,
}

/// How often it was read, and when it last was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadCount {
    pub times: i32,
    pub last: Timestamp,
}

impl ReadCount {
    pub(super) fn merge(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            last: self.last.max(other.last),
        }
    }
}

/// Reads that are not in the database yet, equal ones counted together.
pub(super) type ReadCounts = HashMap<ReadKey, ReadCount>;

/// Every read that was recorded up to a moment.
#[derive(Debug)]
pub(super) struct ReadBatch {
    pub counts: ReadCounts,
    pub up_to: Timestamp,
}
