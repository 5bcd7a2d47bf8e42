//! The person record: what campus systems provide about people, and what they enter themselves.
//!
//! Connectors write it, the user API reads it. Imports only [`platform`](crate::platform).

pub mod fields;
pub mod records;
