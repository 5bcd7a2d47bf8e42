//! THE table. A row each for every scope and every field; a new row is all that a new one needs here,
//! and the compiler then asks for the arm in `people::fields` that reads it.

/// What an app asks for.
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

/// What a person shows or keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    Id,
    FirstName,
    LastName,
    Type,
    IsAlumni,
    Sex,
    ProfilePicture,
    Username,
    Email,
    Mobile,
    Contacts,
    InstiAddress,
    Program,
    RollNumber,
    SecondaryEmails,
}

/// One scope: its name on the wire, what the person reads, the fields it opens.
#[derive(Debug)]
pub struct ScopeRow {
    pub scope: Scope,
    /// As it stands in `scope=` (RFC 6749 §3.3).
    pub name: &'static str,
    /// As the consent page heads it.
    pub title: &'static str,
    /// As documentation explains it, after "The app can".
    pub sentence: &'static str,
    pub fields: &'static [Field],
}

/// The JSON shape of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
    Boolean,
    /// A path on this host, public, starting with one `/`.
    Picture,
    Sex,
    /// `[{"id", "number"}]`
    Contacts,
    /// `[{"id", "email"}]`, verified ones only
    Emails,
    /// `{"id", "room", "hostel", "hostel_name"}`
    Address,
    /// `{"id", "department", "department_name", "join_year", "graduation_year", "degree", "degree_name"}`
    Programme,
}

/// One field: its name on the wire, what the person reads, its shape and an example.
#[derive(Debug)]
pub struct FieldRow {
    pub field: Field,
    /// As it stands in `fields=` and in the answer.
    pub name: &'static str,
    /// As pages call it.
    pub label: &'static str,
    pub kind: Kind,
    /// Whether an answer may hold null.
    pub nullable: bool,
    /// JSON, as an answer could hold it.
    pub example: &'static str,
    pub meaning: &'static str,
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

const fn field(
    field: Field,
    name: &'static str,
    label: &'static str,
    kind: Kind,
    example: &'static str,
    meaning: &'static str,
) -> FieldRow {
    let nullable = matches!(
        field,
        Field::Type
            | Field::Sex
            | Field::ProfilePicture
            | Field::Mobile
            | Field::InstiAddress
            | Field::Program
            | Field::RollNumber
    );
    FieldRow {
        field,
        name,
        label,
        kind,
        nullable,
        example,
        meaning,
    }
}

#[rustfmt::skip]
pub const FIELDS: &[FieldRow] = &[
    field(Field::Id, "id", "Number on this service", Kind::Integer,
        "4711", "Stable and the same for every app. Key your own records on it."),
    field(Field::FirstName, "first_name", "First name", Kind::Text,
        r#""Asha""#, "Given name as the campus directory has it; may be empty."),
    field(Field::LastName, "last_name", "Last name", Kind::Text,
        r#""D’Souza""#, "Family name as the campus directory has it; may be empty."),
    field(Field::Type, "type", "What you are", Kind::Text,
        r#""ug""#, "The directory's word, such as ug, pg, rs, fac or stf. New words appear: accept any text."),
    field(Field::IsAlumni, "is_alumni", "Alumni", Kind::Boolean,
        "false", "Whether the directory lists the person among its alumni."),
    field(Field::Sex, "sex", "Sex", Kind::Sex,
        r#""female""#, "male, female, other, or null."),
    field(Field::ProfilePicture, "profile_picture", "Picture", Kind::Picture,
        r#""/media/profile_picture/0b5e9a3f6c1d4e7f8a2b3c4d5e6f7a8b.jpg""#,
        "A path on this host: put the origin in front. Changes when the picture does."),
    field(Field::Username, "username", "Username", Kind::Text,
        r#""asha""#, "The campus account's name."),
    field(Field::Email, "email", "Primary email", Kind::Text,
        r#""asha@campus.example""#, "The campus mailbox."),
    field(Field::Mobile, "mobile", "Mobile", Kind::Text,
        r#""9876543210""#, "The number the campus directory has."),
    field(Field::Contacts, "contacts", "Other numbers", Kind::Contacts,
        r#"[{"id":1,"number":"022 2576 0000"}]"#, "Numbers the person added, oldest first."),
    field(Field::InstiAddress, "insti_address", "Hostel and room", Kind::Address,
        r#"{"id":1,"room":"A-12","hostel":"14","hostel_name":"Hostel 14"}"#, "Where the person lives on campus."),
    field(Field::Program, "program", "Programme", Kind::Programme,
        r#"{"id":1,"department":"CSE","department_name":"Computer Science & Engineering","join_year":2012,"graduation_year":2016,"degree":"BTECH","degree_name":"Bachelor of Technology"}"#,
        "What the person studies or studied."),
    field(Field::RollNumber, "roll_number", "Roll number", Kind::Text,
        r#""120050001""#, "A text, since some begin with a zero or hold letters; for staff the employee number."),
    field(Field::SecondaryEmails, "secondary_emails", "Other email addresses", Kind::Emails,
        r#"[{"id":1,"email":"asha@home.example"}]"#, "Only those the person has verified, oldest first."),
];

// A row that stands in the wrong place does not compile: `row()` below relies on the order.
#[expect(
    clippy::indexing_slicing,
    reason = "when compiling, a panic is the point"
)]
const _: () = {
    let mut at = 0;
    while at < SCOPES.len() {
        assert!(SCOPES[at].scope as usize == at);
        at += 1;
    }
    at = 0;
    while at < FIELDS.len() {
        assert!(FIELDS[at].field as usize == at);
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

    /// Exact, as RFC 6749 §3.3 wants it: `Basic` is not `basic`.
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

impl Field {
    #[expect(
        clippy::indexing_slicing,
        reason = "checked when compiling, just above"
    )]
    pub fn row(self) -> &'static FieldRow {
        &FIELDS[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn named(name: &str) -> Option<Self> {
        FIELDS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.field)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|row| row.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_belongs_to_exactly_one_scope() {
        for field in Field::all() {
            let owners = SCOPES
                .iter()
                .filter(|row| row.fields.contains(&field))
                .count();
            assert_eq!(owners, 1, "{}", field.name());
        }
    }

    #[test]
    fn every_example_is_json() {
        for row in FIELDS {
            serde_json::from_str::<serde_json::Value>(row.example).unwrap();
        }
    }

    #[test]
    fn names_are_exact() {
        assert_eq!(Scope::named("basic"), Some(Scope::Basic));
        assert_eq!(Scope::named("Basic"), None);
        assert_eq!(Field::named("basic"), None);
    }
}
