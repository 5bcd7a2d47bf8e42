//! What apps read: the person, as far as the person allows it. Served, documented and described in
//! OpenAPI from the one table of scopes and fields.

mod api;
mod openapi;
mod view;

pub use api::{Feature, routes};
