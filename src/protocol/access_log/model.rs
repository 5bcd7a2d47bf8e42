//! What the ledger knows.

use std::collections::HashMap;

use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Moment;
use crate::platform::id::{AppId, PersonId};

/// How often an app has read a field of somebody, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub field: Field,
    pub times: i64,
    pub last: Moment,
}

/// Who was read, by whom, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct What {
    pub person: PersonId,
    pub app: AppId,
    pub fields: FieldSet,
}

/// How often, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub times: i32,
    pub last: Moment,
}

impl Tally {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            last: self.last.max(other.last),
        }
    }
}

/// Readings that are not written down yet, the same ones counted together.
pub(super) type Tallies = HashMap<What, Tally>;

/// Everything noted up to a moment.
#[derive(Debug)]
pub(super) struct Batch {
    pub tallies: Tallies,
    pub up_to: Moment,
}
