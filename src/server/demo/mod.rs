//! The house on show: people, and a small campus app that signs them in. Only there while no database
//! is configured.
//!
//! The app, Mess Menu, is a page of this program and yet a stranger to it: it was registered like any
//! other, and it talks to the token endpoint and the user API over HTTP, so that what its page shows of
//! each exchange is what went over the wire.

mod furnish;
mod pages;
mod portrait;
mod trip;

pub use furnish::{Demo, DemoError, NewPerson, furnish};
#[cfg(test)]
pub(crate) use pages::samples::samples;
pub use pages::{Feature, routes};
pub use trip::DemoCallError;
