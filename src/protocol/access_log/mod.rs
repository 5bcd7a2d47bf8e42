//! Which app read which fields of whom, and when. Names of fields, never what is in them.
//!
//! Whom it serves: the person, who sees on the page of a connected app what it has read.
//!
//! ```text
//! user API ──note──▶ pending, in memory ──every second──▶ readings ──12 months──▶ forgotten
//!                                          at the end of the process too
//! ```
//!
//! Decision: a reading is noted in memory and written down within a second, many in one statement,
//! because the user API answers in one round trip and must not pay for a write. The price: a crash
//! loses the readings of at most one second. So each process says how far it has written down, and
//! the page says up to which moment the ledger is complete.
//!
//! Decision: what is pending is bounded. When the database takes nothing for so long that it is full,
//! nobody reads anything: no reading goes unnoted for want of room.

mod model;
mod pending;
mod store;
mod sweep;
mod write_down;

pub use model::FieldReads;
pub use pending::{AccessLog, AccessLogFull};
pub use store::{find_complete_up_to, list_readings};
pub use sweep::sweep;
