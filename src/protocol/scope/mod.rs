//! Scopes (RFC 6749 §3.3) and the fields of a person that they cover. An app requests scopes; the person
//! grants or refuses each field. A field belongs to exactly one scope; a scope without fields permits an
//! action (`send_mail`).
//!
//! [`table`] is the only place with the names of the scopes in the protocol. Consent, documentation, OpenAPI and the user API are
//! made from it.

mod fields_param;
mod set;
mod table;

pub use fields_param::{FieldsParam, parse_fields};
pub use set::{GrantedAccess, ScopeSet, UnknownScope};
pub use table::{SCOPES, Scope, ScopeRow};
