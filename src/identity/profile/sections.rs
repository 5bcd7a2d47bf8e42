//! The sections of the page: headings, addresses, and which fields stand in them.

use crate::people::fields::{FIELDS, Field, FieldRow, FieldSource, ProfileSection};

/// What the page needs of a section.
#[derive(Debug)]
pub(super) struct SectionRow {
    pub heading: &'static str,
    /// The id of the heading.
    pub id: &'static str,
    /// The end of the address that its form is sent to.
    pub address: &'static str,
    /// What the page shows when the form is saved.
    pub saved: &'static str,
}

const fn row(
    heading: &'static str,
    id: &'static str,
    address: &'static str,
    saved: &'static str,
) -> SectionRow {
    SectionRow {
        heading,
        id,
        address,
        saved,
    }
}

/// Sections that are a form with one input for each of their text fields.
pub(super) const TEXT_SECTIONS: [ProfileSection; 2] =
    [ProfileSection::Name, ProfileSection::Details];

pub(super) const fn section_row(section: ProfileSection) -> SectionRow {
    match section {
        ProfileSection::CampusRecord => row("Campus record", "directory", "", ""),
        ProfileSection::Name => row("Name", "names", "name", "Your name is saved."),
        ProfileSection::Picture => row("Picture", "picture", "pp", "Your picture is saved."),
        ProfileSection::Sex => row("Sex", "about", "sex", "Sex is saved."),
        ProfileSection::Numbers => row(
            "Contact numbers",
            "numbers",
            "mobile",
            "Your numbers are saved.",
        ),
        ProfileSection::Emails => row(
            "Further addresses",
            "emails",
            "email",
            "Your addresses are saved.",
        ),
        ProfileSection::Address => row(
            "Address on campus",
            "address",
            "address",
            "Your address is saved.",
        ),
        ProfileSection::Programme => row(
            "Programme",
            "programme",
            "program",
            "Your programme is saved.",
        ),
        ProfileSection::Details => row("Details", "details", "details", "Your details are saved."),
    }
}

/// The fields of a section, in the order of the table.
pub(super) fn fields_of(section: ProfileSection) -> impl Iterator<Item = &'static FieldRow> {
    FIELDS.iter().filter(move |row| row.section == section)
}

/// What campus systems provide, shown beside what the person enters in the same section.
pub(super) fn campus_fields_of(section: ProfileSection) -> impl Iterator<Item = Field> {
    let campus = fields_of(section).filter(|row| row.source == FieldSource::CampusSystem);
    campus.map(|row| row.field)
}

/// What the person enters, section by section as the page shows them.
pub(super) fn own_fields() -> Vec<&'static FieldRow> {
    let own = FIELDS
        .iter()
        .filter(|row| row.source == FieldSource::Person);
    let mut own: Vec<&FieldRow> = own.collect();
    own.sort_by_key(|row| row.section);
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::fields::FieldKind;

    #[test]
    fn every_field_is_shown_by_its_section() {
        use ProfileSection as S;
        for row in FIELDS {
            let is_shown = match (row.section, row.kind, row.source) {
                (S::CampusRecord, _, source) => source != FieldSource::Person,
                (S::Name, FieldKind::Text, _) => true,
                (S::Details, FieldKind::Text, source) => source == FieldSource::Person,
                (
                    S::Numbers | S::Emails | S::Programme,
                    FieldKind::Text,
                    FieldSource::CampusSystem,
                )
                | (S::Picture, FieldKind::Picture, FieldSource::Person)
                | (S::Sex, FieldKind::Sex, FieldSource::Person)
                | (S::Numbers, FieldKind::Contacts, FieldSource::Person)
                | (S::Emails, FieldKind::Emails, FieldSource::Person)
                | (S::Address, FieldKind::Address, FieldSource::Person)
                | (S::Programme, FieldKind::Programme, FieldSource::Person) => true,
                _ => false,
            };
            assert!(is_shown, "{}: its section has no place for it", row.name);
        }
    }
}
