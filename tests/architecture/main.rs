//! The architecture, checked against the files: which area and room may import which, what each kind
//! of file may contain, which room writes a table, and what has only one place. No database.
//!
//! Each module holds one group of laws, with its table at the top. A failure names the file, the line
//! and the remedy. A law that is in the way is changed here, in the same commit, with the reason.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read or parsed ends the test"
)]

mod code;
mod files;
mod imports;
mod kinds;
mod libraries;
mod scopes;
mod sql;
mod style;
mod templates;
mod type_names;
