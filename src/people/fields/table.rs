//! The table of fields: a row for each.

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

/// The JSON shape of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
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
    pub kind: FieldKind,
    /// Whether an answer may hold null.
    pub nullable: bool,
    /// JSON, as an answer could hold it.
    pub example: &'static str,
    pub meaning: &'static str,
}

const fn field(
    field: Field,
    name: &'static str,
    label: &'static str,
    kind: FieldKind,
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
    field(Field::Id, "id", "User ID", FieldKind::Integer,
        "4711", "The user ID: stable, and the same for every app. Use it as the key of your records."),
    field(Field::FirstName, "first_name", "First name", FieldKind::Text,
        r#""Asha""#, "Given name from the campus directory; may be empty."),
    field(Field::LastName, "last_name", "Last name", FieldKind::Text,
        r#""D’Souza""#, "Family name from the campus directory; may be empty."),
    field(Field::Type, "type", "Role", FieldKind::Text,
        r#""ug""#, "The role in the campus directory, such as ug, pg, rs, fac or stf. Accept any text: the directory adds new ones."),
    field(Field::IsAlumni, "is_alumni", "Alumni", FieldKind::Boolean,
        "false", "Whether the directory lists the person among its alumni."),
    field(Field::Sex, "sex", "Sex", FieldKind::Sex,
        r#""female""#, "male, female, other, or null."),
    field(Field::ProfilePicture, "profile_picture", "Picture", FieldKind::Picture,
        r#""/media/profile_picture/0b5e9a3f6c1d4e7f8a2b3c4d5e6f7a8b.jpg""#,
        "A path on this host, without the origin. It changes with the picture."),
    field(Field::Username, "username", "Username", FieldKind::Text,
        r#""asha""#, "The campus account's name."),
    field(Field::Email, "email", "Primary email", FieldKind::Text,
        r#""asha@campus.example""#, "The campus mailbox."),
    field(Field::Mobile, "mobile", "Mobile", FieldKind::Text,
        r#""9876543210""#, "The number in the campus directory."),
    field(Field::Contacts, "contacts", "Other numbers", FieldKind::Contacts,
        r#"[{"id":1,"number":"022 2576 0000"}]"#, "Numbers the person added, oldest first."),
    field(Field::InstiAddress, "insti_address", "Hostel and room", FieldKind::Address,
        r#"{"id":1,"room":"A-12","hostel":"14","hostel_name":"Hostel 14"}"#, "Where the person lives on campus."),
    field(Field::Program, "program", "Programme", FieldKind::Programme,
        r#"{"id":1,"department":"CSE","department_name":"Computer Science & Engineering","join_year":2012,"graduation_year":2016,"degree":"BTECH","degree_name":"Bachelor of Technology"}"#,
        "What the person studies or studied."),
    field(Field::RollNumber, "roll_number", "Roll number", FieldKind::Text,
        r#""120050001""#, "A string: some start with a zero or contain letters. For staff, the employee number."),
    field(Field::SecondaryEmails, "secondary_emails", "Other email addresses", FieldKind::Emails,
        r#"[{"id":1,"email":"asha@home.example"}]"#, "Verified addresses only, oldest first."),
];

// A row in the wrong place does not compile: `row()` below relies on the order.
#[expect(
    clippy::indexing_slicing,
    reason = "when compiling, a panic is the point"
)]
const _: () = {
    let mut at = 0;
    while at < FIELDS.len() {
        assert!(FIELDS[at].field as usize == at);
        at += 1;
    }
};

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
    fn every_example_is_json() {
        for row in FIELDS {
            serde_json::from_str::<serde_json::Value>(row.example).unwrap();
        }
    }

    #[test]
    fn names_are_exact() {
        assert_eq!(Field::named("id"), Some(Field::Id));
        assert_eq!(Field::named("Id"), None);
        assert_eq!(Field::named("basic"), None);
    }
}
