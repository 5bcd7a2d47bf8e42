//! The demo: people, and a small campus app that signs them in. Exists only while `DATABASE_URL` is not set.
//!
//! The app, Mess Menu, is served by Profiles but uses only its public interfaces: it is registered like any
//! other app, and calls the token endpoint and the user API over HTTP. Its page shows the real requests and
//! responses.

mod http_client;
mod pages;
mod portrait;
mod seed;

pub use http_client::DemoCallError;
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use pages::{Feature, routes};
pub use seed::{Demo, DemoError, NewPerson, seed_demo};
