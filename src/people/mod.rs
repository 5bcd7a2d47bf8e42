//! The person record: what the campus' systems say of people and what they add themselves.
//!
//! Connectors write it, the user API reads it. Imports only [`platform`](crate::platform).

pub mod fields;
pub mod records;
