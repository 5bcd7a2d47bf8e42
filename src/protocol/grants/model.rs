//! A person's decisions about one app.

use crate::people::fields::{Field, FieldSet};
use crate::protocol::scope::{GrantedAccess, Scope, ScopeSet};

/// A person's answers to all requests of an app. A field or scope in neither half was never requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsentRecord {
    pub given: GrantedAccess,
    pub refused_scopes: ScopeSet,
    pub refused_fields: FieldSet,
}

impl ConsentRecord {
    /// The record after the end of the grant: only the refusals.
    #[must_use]
    pub fn ended(self) -> Self {
        Self {
            given: GrantedAccess::default(),
            ..self
        }
    }

    pub fn knows_field(&self, field: Field) -> bool {
        self.given.fields().contains(field) || self.refused_fields.contains(field)
    }

    pub fn knows_scope(&self, scope: Scope) -> bool {
        self.given.scopes().contains(scope) || self.refused_scopes.contains(scope)
    }

    /// Whether the person unticked every part of a scope at its last request.
    pub fn refused(&self, scope: Scope) -> bool {
        self.refused_scopes.contains(scope) && !self.given.scopes().contains(scope)
    }
}
