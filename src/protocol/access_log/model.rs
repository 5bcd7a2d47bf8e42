//! What the ledger knows.

use std::collections::HashMap;

use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Timestamp;
use crate::platform::id::{AppId, PersonId};

/// How often an app has read a field of somebody, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldReads {
    pub field: Field,
    pub times: i64,
    pub last: Timestamp,
}

/// Who was read, by whom, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReadKey {
    pub person: PersonId,
    pub app: AppId,
    pub fields: FieldSet,
}

/// How often, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadCount {
    pub times: i32,
    pub last: Timestamp,
}

impl ReadCount {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            last: self.last.max(other.last),
        }
    }
}

/// Readings that are not written down yet, the same ones counted together.
pub(super) type ReadCounts = HashMap<ReadKey, ReadCount>;

/// Everything noted up to a moment.
#[derive(Debug)]
pub(super) struct ReadBatch {
    pub tallies: ReadCounts,
    pub up_to: Timestamp,
}
