//! The table of fields: a row for each.

use super::text;
use super::text::TextCheck;

/// One fact about a person.
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

/// The JSON shape of a field. Every kind but [`Text`](Self::Text) has code of its own for one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Integer,
    /// Read, entered, imported, written and exported by the columns of its row alone.
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

/// Who determines the value of a field, and so who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSource {
    Server,
    /// The directory or another system of the campus.
    CampusSystem,
    Person,
}

/// The section of the profile page that shows a field, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileSection {
    /// Values of campus systems, which nobody changes on the page.
    CampusRecord,
    /// Shown with the campus record where the campus system knows names, else a form.
    Name,
    Picture,
    Sex,
    Numbers,
    Emails,
    Address,
    Programme,
    /// A form with every other text field that the person enters.
    Details,
}

/// One field. Its name is also its name in an import, in the export and in audit entries; its label heads
/// it on the export's page, too.
#[derive(Debug)]
pub struct FieldRow {
    pub field: Field,
    /// As `fields=` and the answers of the user API have it.
    pub name: &'static str,
    /// As pages call it.
    pub label: &'static str,
    pub kind: FieldKind,
    /// Whether an answer may hold null.
    pub nullable: bool,
    /// JSON, as an answer could hold it.
    pub example: &'static str,
    pub meaning: &'static str,
    pub source: FieldSource,
    pub section: ProfileSection,
    /// The column of `people` that holds the value and that updates write. None where the value never
    /// changes or has a table of its own.
    pub column: Option<&'static str>,
    /// Columns of an import and inputs of the form, for a field of several parts. Empty where the value is
    /// one, under the name of the field.
    pub parts: &'static [&'static str],
    /// What a value must fulfil. Only for text fields.
    pub check: TextCheck,
    /// The standard claim (OpenID Connect Core §5.1) with the same meaning.
    pub claim: Option<&'static str>,
}

impl FieldRow {
    /// A field with code of its own, which no column of `people` holds.
    const fn of_kind(
        field: Field,
        name: &'static str,
        kind: FieldKind,
        source: FieldSource,
        section: ProfileSection,
    ) -> Self {
        Self {
            field,
            name,
            label: "",
            kind,
            nullable: false,
            example: "",
            meaning: "",
            source,
            section,
            column: None,
            parts: &[],
            check: text::is_line,
            claim: None,
        }
    }

    /// A text in the column of the same name.
    const fn text(
        field: Field,
        name: &'static str,
        source: FieldSource,
        section: ProfileSection,
        check: TextCheck,
    ) -> Self {
        Self {
            column: Some(name),
            check,
            ..Self::of_kind(field, name, FieldKind::Text, source, section)
        }
    }

    /// The columns that an import may have for this field.
    pub fn import_columns(&self) -> Vec<&'static str> {
        match self.parts {
            [] => vec![self.name],
            parts => parts.to_vec(),
        }
    }

    /// Whether the value is a text that updates write by the name of its column.
    pub fn is_text_column(&self) -> bool {
        self.kind == FieldKind::Text && self.column.is_some()
    }
}

#[rustfmt::skip]
pub const FIELDS: &[FieldRow] = &[
    FieldRow {
        label: "Number on this service",
        example: "4711",
        meaning: "Stable and the same for every app. Key your own records on it.",
        claim: Some("sub"),
        ..FieldRow::of_kind(Field::Id, "id", FieldKind::Integer, FieldSource::Server, ProfileSection::CampusRecord)
    },
    FieldRow {
        label: "First name",
        example: r#""Asha""#,
        meaning: "Given name as the campus directory has it; may be empty.",
        claim: Some("given_name"),
        ..FieldRow::text(Field::FirstName, "first_name", FieldSource::CampusSystem, ProfileSection::Name, text::is_name)
    },
    FieldRow {
        label: "Last name",
        example: r#""D’Souza""#,
        meaning: "Family name as the campus directory has it; may be empty.",
        claim: Some("family_name"),
        ..FieldRow::text(Field::LastName, "last_name", FieldSource::CampusSystem, ProfileSection::Name, text::is_name)
    },
    FieldRow {
        label: "What you are",
        example: r#""ug""#,
        meaning: "The directory's word, such as ug, pg, rs, fac or stf. New words appear: accept any text.",
        nullable: true,
        ..FieldRow::text(Field::Type, "type", FieldSource::CampusSystem, ProfileSection::CampusRecord, text::is_role)
    },
    FieldRow {
        label: "Alumni",
        example: "false",
        meaning: "Whether the directory lists the person among its alumni.",
        column: Some("is_alumni"),
        ..FieldRow::of_kind(Field::IsAlumni, "is_alumni", FieldKind::Boolean, FieldSource::CampusSystem, ProfileSection::CampusRecord)
    },
    FieldRow {
        label: "Sex",
        example: r#""female""#,
        meaning: "male, female, other, or null.",
        nullable: true,
        column: Some("sex"),
        claim: Some("gender"),
        ..FieldRow::of_kind(Field::Sex, "sex", FieldKind::Sex, FieldSource::Person, ProfileSection::Sex)
    },
    FieldRow {
        label: "Picture",
        example: r#""/media/profile_picture/0b5e9a3f6c1d4e7f8a2b3c4d5e6f7a8b.jpg""#,
        meaning: "A path on this host: put the origin in front. Changes when the picture does.",
        nullable: true,
        column: Some("profile_picture"),
        claim: Some("picture"),
        ..FieldRow::of_kind(Field::ProfilePicture, "profile_picture", FieldKind::Picture, FieldSource::Person, ProfileSection::Picture)
    },
    FieldRow {
        label: "Username",
        example: r#""asha""#,
        meaning: "The campus account's name.",
        column: None,
        claim: Some("preferred_username"),
        ..FieldRow::text(Field::Username, "username", FieldSource::CampusSystem, ProfileSection::CampusRecord, text::is_username)
    },
    FieldRow {
        label: "Primary email",
        example: r#""asha@campus.example""#,
        meaning: "The campus mailbox.",
        claim: Some("email"),
        ..FieldRow::text(Field::Email, "email", FieldSource::CampusSystem, ProfileSection::Emails, text::is_email)
    },
    FieldRow {
        label: "Mobile",
        example: r#""9876543210""#,
        meaning: "The number the campus directory has.",
        nullable: true,
        claim: Some("phone_number"),
        ..FieldRow::text(Field::Mobile, "mobile", FieldSource::CampusSystem, ProfileSection::Numbers, text::is_mobile)
    },
    FieldRow {
        label: "Other numbers",
        example: r#"[{"id":1,"number":"022 2576 0000"}]"#,
        meaning: "Numbers the person added, oldest first.",
        ..FieldRow::of_kind(Field::Contacts, "contacts", FieldKind::Contacts, FieldSource::Person, ProfileSection::Numbers)
    },
    FieldRow {
        label: "Hostel and room",
        example: r#"{"id":1,"room":"A-12","hostel":"14","hostel_name":"Hostel 14"}"#,
        meaning: "Where the person lives on campus.",
        nullable: true,
        parts: &["hostel", "room"],
        ..FieldRow::of_kind(Field::InstiAddress, "insti_address", FieldKind::Address, FieldSource::Person, ProfileSection::Address)
    },
    FieldRow {
        label: "Programme",
        example: r#"{"id":1,"department":"CSE","department_name":"Computer Science & Engineering","join_year":2012,"graduation_year":2016,"degree":"BTECH","degree_name":"Bachelor of Technology"}"#,
        meaning: "What the person studies or studied.",
        nullable: true,
        parts: &["department", "degree", "join_year", "graduation_year"],
        ..FieldRow::of_kind(Field::Program, "program", FieldKind::Programme, FieldSource::Person, ProfileSection::Programme)
    },
    FieldRow {
        label: "Roll number",
        example: r#""120050001""#,
        meaning: "A text, since some begin with a zero or hold letters; for staff the employee number.",
        nullable: true,
        ..FieldRow::text(Field::RollNumber, "roll_number", FieldSource::CampusSystem, ProfileSection::Programme, text::is_roll_number)
    },
    FieldRow {
        label: "Other email addresses",
        example: r#"[{"id":1,"email":"asha@home.example"}]"#,
        meaning: "Only those the person has verified, oldest first.",
        ..FieldRow::of_kind(Field::SecondaryEmails, "secondary_emails", FieldKind::Emails, FieldSource::Person, ProfileSection::Emails)
    },
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
    fn every_row_is_complete() {
        for row in FIELDS {
            assert!(!row.label.is_empty(), "{}: a label", row.name);
            assert!(!row.example.is_empty(), "{}: an example", row.name);
            assert!(!row.meaning.is_empty(), "{}: a meaning", row.name);
        }
    }

    #[test]
    fn names_columns_parts_and_claims_belong_to_one_field() {
        let once = |all: Vec<&str>| {
            let different: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!(different.len(), all.len(), "{all:?}");
        };
        once(FIELDS.iter().map(|row| row.name).collect());
        once(FIELDS.iter().filter_map(|row| row.column).collect());
        once(FIELDS.iter().flat_map(FieldRow::import_columns).collect());
        once(FIELDS.iter().filter_map(|row| row.claim).collect());
    }

    #[test]
    fn only_text_fields_share_a_kind() {
        for row in FIELDS.iter().filter(|row| row.kind != FieldKind::Text) {
            let same = FIELDS.iter().filter(|other| other.kind == row.kind).count();
            assert_eq!(same, 1, "{}: a kind has code for one field", row.name);
        }
    }

    #[test]
    fn text_fields_accept_their_example() {
        for row in FIELDS.iter().filter(|row| row.kind == FieldKind::Text) {
            let example: String = serde_json::from_str(row.example).unwrap();
            assert_eq!((row.check)(&example), Ok(()), "{}", row.name);
        }
    }

    #[test]
    fn names_are_exact() {
        assert_eq!(Field::named("id"), Some(Field::Id));
        assert_eq!(Field::named("Id"), None);
        assert_eq!(Field::named("basic"), None);
    }
}
