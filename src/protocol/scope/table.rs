//! The table of scopes. Their fields are rows of [`people::fields`](crate::people::fields).

use crate::people::fields::Field;

/// A scope that an app can request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Basic,
    Profile,
    Sex,
    Picture,
    Ldap,
    Phone,
    InstiAddress,
    Program,
    SecondaryEmails,
    SendMail,
}

/// One scope: its name in the protocol, its texts, its fields.
#[derive(Debug)]
pub struct ScopeRow {
    pub scope: Scope,
    /// In `scope` values (RFC 6749 §3.3).
    pub name: &'static str,
    /// The heading on the consent page.
    pub title: &'static str,
    /// The explanation in the documentation, after "The app can".
    pub sentence: &'static str,
    pub fields: &'static [Field],
}

const fn scope(
    scope: Scope,
    name: &'static str,
    title: &'static str,
    sentence: &'static str,
    fields: &'static [Field],
) -> ScopeRow {
    ScopeRow {
        scope,
        name,
        title,
        sentence,
        fields,
    }
}

#[rustfmt::skip]
pub const SCOPES: &[ScopeRow] = &[
    scope(Scope::Basic, "basic", "Who you are here",
        "recognise you by your number on this service",
        &[Field::Id]),
    scope(Scope::Profile, "profile", "Your name",
        "see your first and last name and what you are on campus",
        &[Field::FirstName, Field::LastName, Field::Type, Field::IsAlumni]),
    scope(Scope::Sex, "sex", "Your sex",
        "see your sex as you entered it",
        &[Field::Sex]),
    scope(Scope::Picture, "picture", "Your picture",
        "see your profile picture",
        &[Field::ProfilePicture]),
    scope(Scope::Ldap, "ldap", "Your campus account",
        "see your campus username and primary email address",
        &[Field::Username, Field::Email]),
    scope(Scope::Phone, "phone", "Your phone",
        "see your mobile number and the other numbers you added",
        &[Field::Mobile, Field::Contacts]),
    scope(Scope::InstiAddress, "insti_address", "Your address on campus",
        "see your hostel and room",
        &[Field::InstiAddress]),
    scope(Scope::Program, "program", "Your studies",
        "see your roll number, department, degree and years",
        &[Field::Program, Field::RollNumber]),
    scope(Scope::SecondaryEmails, "secondary_emails", "Your other email addresses",
        "see the further addresses you have verified",
        &[Field::SecondaryEmails]),
    scope(Scope::SendMail, "send_mail", "Write to you, without learning your address",
        "send you mail through this service, without learning your address",
        &[]),
];

// A row in the wrong place does not compile, because `row()` relies on the order.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling, where a panic is the error"
)]
const _: () = {
    let mut at = 0;
    while at < SCOPES.len() {
        assert!(SCOPES[at].scope as usize == at);
        at += 1;
    }
};

impl Scope {
    #[expect(
        clippy::indexing_slicing,
        reason = "checked when compiling, just above"
    )]
    pub fn row(self) -> &'static ScopeRow {
        &SCOPES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The scope of this name. Names are case-sensitive (RFC 6749 §3.3).
    pub fn named(name: &str) -> Option<Self> {
        SCOPES
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.scope)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        SCOPES.iter().map(|row| row.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_belongs_to_exactly_one_scope() {
        for field in Field::all() {
            let count = SCOPES
                .iter()
                .filter(|row| row.fields.contains(&field))
                .count();
            assert_eq!(count, 1, "{}", field.name());
        }
    }

    #[test]
    fn names_are_exact() {
        assert_eq!(Scope::named("basic"), Some(Scope::Basic));
        assert_eq!(Scope::named("Basic"), None);
    }
}
