//! Sets of scopes, and scopes with the fields allowed of them: a [`GrantedAccess`].

use super::table::{SCOPES, Scope};
use crate::people::fields::{Field, FieldSet};
use crate::platform::bit_set::bit_set;

bit_set! {
    /// Scopes without order or repetition, as RFC 6749 §3.3 defines a `scope` value.
    pub struct ScopeSet of Scope, SCOPES;
}

/// A `scope` value named something that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope: {0}")]
pub struct UnknownScope(pub String);

impl UnknownScope {
    /// For the developer who asked: what is wrong, and what there is.
    pub fn advice(&self) -> String {
        format!(
            "There is no scope {}. Ask for some of: {}.",
            self.0,
            ScopeSet::all()
        )
    }
}

impl ScopeSet {
    /// Reads a `scope` value: names between blanks of any kind and number.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_whitespace()
            .map(|name| Scope::named(name).ok_or_else(|| UnknownScope(name.to_owned())))
            .collect()
    }

    /// Every field these scopes open.
    pub fn fields(self) -> FieldSet {
        self.iter()
            .flat_map(|scope| scope.row().fields)
            .copied()
            .collect()
    }
}

/// What is shared with an app: scopes, and the fields among theirs that stay ticked.
///
/// Always consistent: no field without its scope, and no scope that opened fields once all of them
/// are gone. A scope that opens none by nature stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GrantedAccess {
    scopes: ScopeSet,
    fields: FieldSet,
}

impl GrantedAccess {
    /// The consistent part of what was said: a field counts only if its scope does, a scope only if
    /// one of its fields does.
    pub fn of(scopes: ScopeSet, fields: FieldSet) -> Self {
        let fields = fields.intersection(scopes.fields());
        let left = |scope: &Scope| {
            let opened = scope.row().fields;
            opened.is_empty() || opened.iter().any(|field| fields.contains(*field))
        };
        Self {
            scopes: scopes.iter().filter(left).collect(),
            fields,
        }
    }

    /// These scopes with every field they open.
    pub fn whole(scopes: ScopeSet) -> Self {
        Self {
            scopes,
            fields: scopes.fields(),
        }
    }

    /// One field, with whichever scopes open it.
    pub fn of_field(field: Field) -> Self {
        let opens = |scope: &Scope| scope.row().fields.contains(&field);
        Self::of(
            Scope::all().filter(opens).collect(),
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

    /// What is left when `other` is taken away: its fields, and those of its scopes that open none.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        let deeds = other
            .scopes
            .iter()
            .filter(|scope| scope.row().fields.is_empty())
            .collect();
        Self::of(
            self.scopes.without(deeds),
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
    fn a_scope_without_a_field_left_is_not_shared() {
        let share = GrantedAccess::of(
            scopes("basic phone send_mail"),
            FieldSet::from_iter([Field::Id]),
        );
        assert_eq!(share.scopes(), scopes("basic send_mail"));
    }

    #[test]
    fn a_field_without_its_scope_is_not_shared() {
        let share = GrantedAccess::of(
            scopes("basic"),
            FieldSet::from_iter([Field::Id, Field::Mobile]),
        );
        assert_eq!(share.fields(), FieldSet::from_iter([Field::Id]));
    }

    #[test]
    fn taking_away_part_of_a_scope_leaves_the_rest_of_it() {
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
