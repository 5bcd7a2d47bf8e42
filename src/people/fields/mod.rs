//! The fields of a person that an app can be shown: one table, which the consent page, the user API, the
//! documentation and the access log read.

mod set;
mod table;

pub use set::FieldSet;
pub use table::{FIELDS, Field, FieldKind, FieldRow};
