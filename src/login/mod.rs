//! Signing in, and being signed in.

mod signed_in;

pub use signed_in::SignedIn;
pub use signed_in::send_to_login;
