//! App tokens: access tokens that stand for an app and for no person (RFC 6749 §4.4). They open nothing that
//! a person granted; the user API refuses them. Owns the table `app_tokens`.
//!
//! An app gets one at the token endpoint for its client credentials; it expires. A program that can keep only
//! one fixed token has its owner create it on the app's page ([`clients`](super::clients)); it is valid until
//! it is deleted. Both work in the same way.

mod model;
mod store;
mod sweep;

pub use model::{AppScope, AppToken, FIXED_PREFIX, PREFIX, is_app_token};
pub use store::{authenticate_app_token, find_app_of_token, issue_app_token, revoke_app_token};
pub use sweep::sweep;
