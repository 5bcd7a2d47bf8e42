//! The user API: apps read the fields of a person that the person has granted. The API and its OpenAPI
//! document are made from the same table of scopes and fields.
//!
//! ```text
//! GET /user/api/user?fields=… ─▶ live access token with the scope basic ── no ──▶ 401 or 403
//!   ─▶ requested fields ∩ granted fields ─▶ access log ── full ──▶ 503
//!   ─▶ JSON
//! ```
//!
//! Decision: a field that is not granted is left out, instead of null, because old clients read a missing key
//! as "not permitted" and null as "not set".

mod api;
mod openapi;
mod view;

pub use api::{Feature, routes};
