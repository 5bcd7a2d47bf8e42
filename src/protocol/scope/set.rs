//! [`ScopeSet`], and [`GrantedAccess`]: scopes with the fields of them that are granted.

use super::table::{SCOPES, Scope};
use crate::people::fields::{Field, FieldSet};
use crate::platform::bit_set::bit_set;

bit_set! {
    /// Scopes without order or repetition, as RFC 6749 §3.3 defines a `scope` value.
    pub struct ScopeSet of Scope, SCOPES;
}

/// A `scope` value contains a name that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope: {0}")]
pub struct UnknownScope(pub String);

impl UnknownScope {
    /// The sentence for the client's developer: what is wrong, and which scopes exist.
    pub fn advice(&self) -> String {
        let name = self.0.as_str();
        if name.contains(',') {
            return "Scopes are separated by blanks, not by commas. In most libraries the separator is a setting."
                .to_owned();
        }
        if name == "openid" {
            return "OpenID Connect is not offered: leave out the scope openid, and read the user from the user \
                    API. Its id identifies the user."
                .to_owned();
        }
        format!(
            "There is no scope {}. Ask for some of: {}.",
            self.0,
            ScopeSet::all()
        )
    }
}

impl ScopeSet {
    /// Parses a `scope` value: names separated by any white space.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace()
            .map(|name| Scope::named(name).ok_or_else(|| UnknownScope(name.to_owned())))
            .collect()
    }

    /// Every field of these scopes.
    pub fn fields(self) -> FieldSet {
        self.iter()
            .flat_map(|scope| scope.row().fields)
            .copied()
            .collect()
    }
}

/// What a person grants to an app: scopes, and the granted ones of their fields.
///
/// Always consistent: no field without its scope, and no scope that has fields without one of them. A
/// scope without fields stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GrantedAccess {
    scopes: ScopeSet,
    fields: FieldSet,
}

impl GrantedAccess {
    /// The consistent part of scopes and fields: a field counts only with its scope, a scope only with one
    /// of its fields.
    pub fn of(scopes: ScopeSet, fields: FieldSet) -> Self {
        let fields = fields.intersection(scopes.fields());
        let is_left = |scope: &Scope| {
            let own = scope.row().fields;
            own.is_empty() || own.iter().any(|field| fields.contains(*field))
        };
        Self {
            scopes: scopes.iter().filter(is_left).collect(),
            fields,
        }
    }

    /// These scopes with all their fields.
    pub fn whole(scopes: ScopeSet) -> Self {
        Self {
            scopes,
            fields: scopes.fields(),
        }
    }

    /// One field, with its scope.
    pub fn of_field(field: Field) -> Self {
        let has_field = |scope: &Scope| scope.row().fields.contains(&field);
        Self::of(
            Scope::all().filter(has_field).collect(),
            [field].into_iter().collect(),
        )
    }

    pub fn scopes(self) -> ScopeSet {
        self.scopes
    }

    pub fn fields(self) -> FieldSet {
        self.fields
    }

    pub fn is_empty(self) -> bool {
        self.scopes.is_empty()
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self::of(
            self.scopes.union(other.scopes),
            self.fields.union(other.fields),
        )
    }

    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let scopes = self.scopes.intersection(other.scopes);
        Self::of(scopes, self.fields.intersection(other.fields))
    }

    /// What is left without the fields of `other` and without its scopes that have no fields.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        let actions = other
            .scopes
            .iter()
            .filter(|scope| scope.row().fields.is_empty())
            .collect();
        Self::of(
            self.scopes.without(actions),
            self.fields.without(other.fields),
        )
    }

    pub fn is_within(self, other: Self) -> bool {
        self.scopes.is_within(other.scopes) && self.fields.is_within(other.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn a_scope_value_has_no_order_and_any_blanks() {
        assert_eq!(scopes("profile basic"), scopes(" basic \t profile  basic"));
        assert_eq!(scopes("profile basic").to_string(), "basic profile");
        assert_eq!(scopes(""), ScopeSet::EMPTY);
    }

    #[test]
    fn one_unknown_scope_refuses_the_value() {
        assert_eq!(
            ScopeSet::parse("basic bogus"),
            Err(UnknownScope("bogus".into()))
        );
        assert!(ScopeSet::parse("basic,profile").is_err());
    }

    #[test]
    fn a_scope_without_a_granted_field_is_not_granted() {
        let access = GrantedAccess::of(
            scopes("basic phone send_mail"),
            FieldSet::from_iter([Field::Id]),
        );
        assert_eq!(access.scopes(), scopes("basic send_mail"));
    }

    #[test]
    fn a_field_without_its_scope_is_not_granted() {
        let access = GrantedAccess::of(
            scopes("basic"),
            FieldSet::from_iter([Field::Id, Field::Mobile]),
        );
        assert_eq!(access.fields(), FieldSet::from_iter([Field::Id]));
    }

    #[test]
    fn removing_one_field_leaves_the_rest_of_its_scope() {
        let all = GrantedAccess::whole(scopes("basic phone send_mail"));
        let mobile = GrantedAccess::of(scopes("phone"), FieldSet::from_iter([Field::Mobile]));
        let rest = all.without(mobile);
        assert_eq!(rest.scopes(), scopes("basic phone send_mail"));
        assert!(!rest.fields().contains(Field::Mobile));
        assert_eq!(
            all.without(GrantedAccess::whole(scopes("send_mail")))
                .scopes(),
            scopes("basic phone")
        );
    }
}
