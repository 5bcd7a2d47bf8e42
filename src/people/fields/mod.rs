//! The fields of a person: one table, which is the only place with their names in the protocol. The profile
//! page, the import, the export, the audit entries, the consent page, the user API, the documentation and the
//! access log read it.
//!
//! Decision: a text field is a row and a column of `people` and has no code of its own, because code for each
//! field in eight places gets out of step. Fields of several parts and lists have types and
//! forms of their own instead, because each of them has rules that no other has.

mod set;
mod table;
pub mod text;

pub use set::FieldSet;
pub use table::{FIELDS, Field, FieldKind, FieldRow, FieldSource, ProfileSection};
