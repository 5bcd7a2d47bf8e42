//! Sets of fields.

use super::table::{FIELDS, Field};
use crate::platform::bit_set::bit_set;

bit_set! {
    /// Fields without order or repetition.
    pub struct FieldSet of Field, FIELDS;
}
