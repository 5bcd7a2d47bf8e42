//! What an app may know, in two sizes: a **scope** is what it asks for, a **field** is what a person
//! allows or refuses. Every field belongs to exactly one scope; a few scopes open no field but a deed
//! (`send_mail`).
//!
//! [`table`] is the only place in the repository that names them. Consent, documentation, OpenAPI and
//! the user API are read from it.

mod set;
mod table;
mod view;

pub use set::FieldSet;
pub use set::ScopeSet;
pub use set::Share;
pub use set::UnknownScope;
pub use table::FIELDS;
pub use table::Field;
pub use table::FieldRow;
pub use table::Kind;
pub use table::SCOPES;
pub use table::Scope;
pub use table::ScopeRow;
pub use view::Asked;
pub use view::asked;
