//! What an app may know, in two sizes: a **scope** is what it asks for, a **field** is what a person
//! allows or refuses. Every field belongs to exactly one scope; a few scopes open no field but a deed
//! (`send_mail`).
//!
//! [`table`] is the only place in the repository that names them. Consent, documentation, OpenAPI and
//! the user API are read from it.

mod set;
mod table;
mod view;

pub use set::{GrantedAccess, ScopeSet, UnknownScope};
pub use table::{SCOPES, Scope, ScopeRow};
pub use view::{FieldsParam, asked};
