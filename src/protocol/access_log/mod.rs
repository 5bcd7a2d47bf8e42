//! The log of personal data that apps have read: which app, which fields of which person, and when. It
//! holds names of fields, never their values. The person sees it on the page of a connected app.
//!
//! ```text
//! user API ──record──▶ buffer, in memory ──flush, twice a second──▶ field_reads ──sweep──▶ deleted
//!                                            and when the server stops           after 12 months
//! ```
//!
//! Decision: a read is recorded in memory and flushed within a second, many in one statement, because the
//! user API makes one round trip to the database, instead of a second one for a write. A crash loses the
//! reads of one second at most. Each process therefore reports up to when it is complete, and the page
//! shows the earliest of these moments.
//!
//! Decision: the buffer is bounded. While it is full, because the database accepts no writes, the user API
//! answers 503, because otherwise reads would go unrecorded.

mod buffer;
mod flush;
mod model;
mod store;
mod sweep;

pub use buffer::{AccessLog, AccessLogFull};
pub use model::FieldReads;
pub use store::{find_complete_up_to, list_readings};
pub use sweep::sweep;
