//! The page with all its sections: what the directory says, and a form for what the person says.

use serde::Serialize;

use super::super::forms::{ProfileFormField, ProfileForms};
use super::super::sections::{campus_fields_of, fields_of, own_fields, section_row};
use crate::people::fields::{Field, FieldRow, FieldSource, ProfileSection};
use crate::people::records::{ChoiceKind, DisplayValue, ListChoice, OwnEmail, Person};
use crate::platform::links::Links;
use crate::platform::web::Page;

#[derive(Debug, Serialize)]
pub(super) struct ProfilePage {
    /// When everything is deleted, for who has closed their account.
    gone_at: Option<String>,
    person: ProfileHeader,
    empty: Vec<PageAnchor>,
    wrong: Vec<PageAnchor>,
    directory: Vec<ProfileItem>,
    /// Who says what cannot be changed here.
    vouching: &'static str,
    /// Whether what they study was worked out and not looked at yet.
    is_inferred: bool,
    campus: CampusItems,
    /// The form for names, where these are theirs to change.
    names: Option<TextSection>,
    details: Option<TextSection>,
    forms: ProfileForms,
    options: SelectOptions,
    waiting: Vec<PendingEmail>,
    /// Where to sign in again, if the last time is too long ago to change addresses.
    emails_locked: Option<String>,
    save: SectionActions,
}

#[derive(Debug, Serialize)]
struct ProfileHeader {
    name: String,
    username: String,
    initial: String,
    picture: Option<String>,
}

/// A place on the page.
#[derive(Debug, Serialize)]
pub(super) struct PageAnchor {
    pub label: &'static str,
    /// The id of its heading or field.
    id: String,
}

#[derive(Debug, Serialize)]
struct ProfileItem {
    label: &'static str,
    value: DisplayValue,
    source: String,
}

/// What campus systems provide, by the section that shows it beside what the person enters.
#[derive(Debug, Serialize)]
struct CampusItems {
    numbers: Vec<ProfileItem>,
    emails: Vec<ProfileItem>,
    programme: Vec<ProfileItem>,
}

/// A section with an input for each of its text fields.
#[derive(Debug, Serialize)]
struct TextSection {
    id: &'static str,
    heading: &'static str,
    action: String,
    inputs: Vec<TextInput>,
}

#[derive(Debug, Serialize)]
struct TextInput {
    name: &'static str,
    label: &'static str,
    field: ProfileFormField,
}

#[derive(Debug, Serialize)]
struct SelectOptions {
    sex: Vec<SelectOption>,
    hostel: Vec<SelectOption>,
    department: Vec<SelectOption>,
    degree: Vec<SelectOption>,
}

#[derive(Debug, Clone, Serialize)]
struct SelectOption {
    code: String,
    label: String,
}

/// An address that has yet to be confirmed.
#[derive(Debug, Serialize)]
struct PendingEmail {
    email: String,
    mail_again: String,
}

/// Where each section is saved.
#[derive(Debug, Serialize)]
struct SectionActions {
    picture: String,
    sex: String,
    numbers: String,
    emails: String,
    address: String,
    programme: String,
}

impl Page for ProfilePage {
    const TEMPLATE: &'static str = "profile/home.html";

    fn title(&self) -> String {
        "Your profile".to_owned()
    }
}

const SEXES: [(&str, &str); 3] = [("male", "Male"), ("female", "Female"), ("other", "Other")];

/// Everything the page is made of.
pub(super) struct ProfileFacts {
    pub person: Person,
    pub emails: Vec<OwnEmail>,
    pub choices: Vec<ListChoice>,
    /// The campus system that vouches for them; none where the directory was read beforehand.
    pub vouching: Option<&'static str>,
    /// Whether the sign-in was not long ago.
    pub is_lately: bool,
    /// When everything is deleted, for who has closed their account.
    pub gone_at: Option<String>,
}

impl ProfilePage {
    pub(super) fn of(
        known: &ProfileFacts,
        forms: ProfileForms,
        wrong: Vec<PageAnchor>,
        links: &Links,
    ) -> Self {
        let person = &known.person;
        let shown = |field| person.shown(field, links);
        let name = person.full_name();
        let is_unset = |row: &&FieldRow| match row.field {
            Field::SecondaryEmails => known.emails.is_empty(),
            field => shown(field) == DisplayValue::Unset,
        };
        let has_no_name =
            person.names_are_editable && fields_of(ProfileSection::Name).all(|row| is_unset(&row));
        let unnamed = has_no_name.then_some(ProfileSection::Name);
        let unset = own_fields().into_iter().filter(is_unset);
        let mut empty: Vec<_> = unnamed
            .into_iter()
            .chain(unset.map(|row| row.section))
            .collect();
        empty.dedup();
        let vouching = known.vouching.unwrap_or("the directory");
        let item = |field| ProfileItem::of(field, shown(field), vouching);
        let campus = |section| campus_fields_of(section).map(item).collect();
        let names = (!person.names_are_editable).then_some(ProfileSection::Name);
        let record = names.into_iter().flat_map(fields_of).chain(campus_record());
        let waiting = known.emails.iter().filter(|email| !email.is_verified);
        Self {
            gone_at: known.gone_at.clone(),
            empty: empty.into_iter().map(PageAnchor::of_section).collect(),
            wrong,
            directory: record.map(|row| item(row.field)).collect(),
            vouching,
            is_inferred: (person.programme.as_ref()).is_some_and(|programme| programme.is_inferred),
            campus: CampusItems {
                numbers: campus(ProfileSection::Numbers),
                emails: campus(ProfileSection::Emails),
                programme: campus(ProfileSection::Programme),
            },
            names: (person.names_are_editable)
                .then(|| TextSection::of(ProfileSection::Name, &forms, links))
                .flatten(),
            details: TextSection::of(ProfileSection::Details, &forms, links),
            forms,
            options: SelectOptions::of(known),
            waiting: waiting
                .map(|email| PendingEmail {
                    email: email.email.clone(),
                    mail_again: links.resend_confirmation(email.id),
                })
                .collect(),
            emails_locked: (!known.is_lately).then(|| links.own_emails()),
            save: SectionActions {
                picture: action(ProfileSection::Picture, links),
                sex: action(ProfileSection::Sex, links),
                numbers: action(ProfileSection::Numbers, links),
                emails: action(ProfileSection::Emails, links),
                address: action(ProfileSection::Address, links),
                programme: action(ProfileSection::Programme, links),
            },
            person: ProfileHeader {
                initial: name.chars().take(1).collect::<String>().to_uppercase(),
                name,
                username: person.username.clone(),
                picture: (person.profile_picture.as_deref())
                    .map(|file| links.profile_picture(file)),
            },
        }
    }
}

/// The campus record: the username first, the number last.
fn campus_record() -> Vec<&'static FieldRow> {
    let mut record: Vec<_> = fields_of(ProfileSection::CampusRecord).collect();
    record.sort_by_key(|row| (row.field != Field::Username, row.field == Field::Id));
    record
}

/// Where the form of a section is sent.
fn action(section: ProfileSection, links: &Links) -> String {
    links.update_profile(section_row(section).address)
}

impl TextSection {
    /// None for a section without fields.
    fn of(section: ProfileSection, forms: &ProfileForms, links: &Links) -> Option<Self> {
        let inputs = fields_of(section).map(|row| TextInput {
            name: row.name,
            label: row.label,
            field: forms.texts.get(row.name).cloned().unwrap_or_default(),
        });
        let inputs: Vec<TextInput> = inputs.collect();
        let row = section_row(section);
        (!inputs.is_empty()).then(|| Self {
            id: row.id,
            heading: row.heading,
            action: action(section, links),
            inputs,
        })
    }
}

impl ProfileItem {
    fn of(field: Field, value: DisplayValue, vouching: &str) -> Self {
        let source = match field.row().source {
            _ if value == DisplayValue::Unset => String::new(),
            FieldSource::Server => "given here".to_owned(),
            FieldSource::CampusSystem => format!("from {vouching}"),
            FieldSource::Person => "set by you".to_owned(),
        };
        Self {
            label: field.row().label,
            value,
            source,
        }
    }
}

impl SelectOptions {
    fn of(known: &ProfileFacts) -> Self {
        let (address, programme) = (&known.person.address, &known.person.programme);
        let hostel = address.as_ref().and_then(|it| it.hostel.as_deref());
        let department = programme.as_ref().and_then(|it| it.department.as_deref());
        let degree = programme.as_ref().and_then(|it| it.degree.as_deref());
        let of = |kind: ChoiceKind, carried: Option<&str>| {
            let all = known.choices.iter().filter(|it| it.kind == kind.as_str());
            let good = all.filter(|it| !it.is_retired || carried == Some(it.code.as_str()));
            let mut offered: Vec<SelectOption> = good.map(SelectOption::of).collect();
            // A campus system may know what no list of ours has. Saving must not lose it.
            let missing = carried.filter(|code| offered.iter().all(|it| it.code != *code));
            offered.extend(missing.map(|code| SelectOption {
                code: code.to_owned(),
                label: code.to_owned(),
            }));
            offered
        };
        Self {
            sex: SEXES
                .map(|(code, label)| SelectOption {
                    code: code.to_owned(),
                    label: label.to_owned(),
                })
                .into(),
            hostel: of(ChoiceKind::Hostel, hostel),
            department: of(ChoiceKind::Department, department),
            degree: of(ChoiceKind::Degree, degree),
        }
    }
}

impl SelectOption {
    fn of(choice: &ListChoice) -> Self {
        let label = if choice.is_retired {
            format!("{} (no longer offered)", choice.name)
        } else {
            choice.name.clone()
        };
        Self {
            code: choice.code.clone(),
            label,
        }
    }
}

impl PageAnchor {
    fn of_section(section: ProfileSection) -> Self {
        let row = section_row(section);
        Self {
            label: row.heading,
            id: row.id.to_owned(),
        }
    }

    /// Of a field something is wrong with.
    pub(super) fn of(id: &str) -> Self {
        let label = match id.split('-').next().unwrap_or(id) {
            "phone" => "Contact numbers",
            "email" => "Further addresses",
            "hostel" => "Hostel",
            "room" => "Room",
            "department" => "Department",
            "join_year" => "Year of joining",
            "graduation_year" => "Year of graduation",
            "degree" => "Degree",
            name => Field::named(name).map_or("", |field| field.row().label),
        };
        Self {
            label,
            id: id.to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::super::forms::{FormErrors, SectionForm};
    use super::*;
    use crate::platform::web::{FormParams, PageSample};

    pub(crate) fn samples() -> Vec<PageSample> {
        vec![PageSample::of(&page(false)), PageSample::of(&page(true))]
    }

    fn page(full: bool) -> ProfilePage {
        let choices = vec![ListChoice {
            kind: "hostel".to_owned(),
            code: "4".to_owned(),
            name: "Hostel 4".to_owned(),
            has_wings: false,
            is_retired: false,
        }];
        let emails = if full {
            vec![(1, true), (2, false)]
        } else {
            Vec::new()
        };
        let emails = emails.into_iter().map(|(id, is_verified)| OwnEmail {
            id,
            email: format!("asha{id}@home.example"),
            is_verified,
        });
        let known = ProfileFacts {
            person: person(full),
            emails: emails.collect(),
            choices,
            vouching: full.then_some("the ERP of IIT Kharagpur"),
            is_lately: !full,
            gone_at: full.then(|| "28 Nov 2026, 18:05".to_owned()),
        };
        let links = Links::new(&"http://localhost:8000".parse().unwrap());
        let mut forms = ProfileForms::of(&known.person, &known.emails);
        let mut wrong = Vec::new();
        for (typed, told) in if full { refusals() } else { Vec::new() } {
            wrong.extend(told.keys().map(|id| PageAnchor::of(id)));
            forms.give_back(typed, told);
        }
        ProfilePage::of(&known, forms, wrong, &links)
    }

    fn refusals() -> Vec<(SectionForm, FormErrors)> {
        let told = |ids: &[&str]| {
            let told = ids
                .iter()
                .map(|id| ((*id).to_owned(), "Look again.".to_owned()));
            told.collect()
        };
        let typed = || vec!["a".to_owned()];
        let address = FormParams::parse(b"hostel=4&room=%3Cb%3E").unwrap();
        vec![
            (SectionForm::Emails(typed()), told(&["email", "email-1"])),
            (SectionForm::Numbers(typed()), told(&["phone", "phone-1"])),
            (SectionForm::address(&address), told(&["hostel", "room"])),
            (SectionForm::Picture, told(&["profile_picture"])),
        ]
    }

    fn person(full: bool) -> Person {
        let text = |text: &str| full.then(|| text.to_owned());
        serde_json::from_value(serde_json::json!({
            "id": 7, "username": "asha", "first_name": "Asha", "last_name": "D’Souza",
            "email": "asha@campus.example", "type": text("ug"), "is_alumni": false,
            "roll_number": text("012D0700"), "mobile": text("9876543210"), "sex": text("female"),
            "profile_picture": text("a.jpg"), "is_admin": false, "insti_address": null,
            "names_are_editable": full,
            "program": full.then(|| serde_json::json!({ "id": 1, "is_inferred": true })), "contacts": [], "secondary_emails": [],
        }))
        .unwrap()
    }
}
