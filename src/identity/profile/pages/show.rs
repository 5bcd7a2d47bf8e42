//! The page with all its sections: what the directory says, and a form for what the person says.

use serde::Serialize;

use super::super::forms::ProfileForms;
use crate::people::records::{ChoiceKind, DisplayValue, FieldSource, ListChoice, OwnEmail, Person};
use crate::people::{fields, records};
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
    /// Whether the names are theirs to change.
    names_are_own: bool,
    /// Whether what they study was worked out and not looked at yet.
    is_inferred: bool,
    mobile: ProfileItem,
    email: ProfileItem,
    roll_number: ProfileItem,
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
    names: String,
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

/// What the directory says, and this service, in the order it is shown.
const DIRECTORY: [fields::Field; 6] = [
    fields::Field::FirstName,
    fields::Field::LastName,
    fields::Field::Username,
    fields::Field::Type,
    fields::Field::IsAlumni,
    fields::Field::Id,
];

/// What it says of them only if it knows.
const NAMES: [fields::Field; 2] = [fields::Field::FirstName, fields::Field::LastName];

/// What the directory says of something the person adds to, beside which it is shown.
const BESIDE: [fields::Field; 3] = [
    fields::Field::Mobile,
    fields::Field::Email,
    fields::Field::RollNumber,
];

/// What the person says, with the heading it is changed under.
const SECTIONS: [(fields::Field, &str, &str); 6] = [
    (fields::Field::ProfilePicture, "Picture", "picture"),
    (fields::Field::Sex, "Sex", "about"),
    (fields::Field::Contacts, "Contact numbers", "numbers"),
    (
        fields::Field::SecondaryEmails,
        "Other email addresses",
        "emails",
    ),
    (fields::Field::InstiAddress, "Address on campus", "address"),
    (fields::Field::Program, "Programme", "programme"),
];

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
        let is_empty = |(field, ..): &(fields::Field, _, _)| match field {
            fields::Field::SecondaryEmails => known.emails.is_empty(),
            field => shown(*field) == DisplayValue::Unset,
        };
        let has_no_name =
            person.names_are_own && NAMES.iter().all(|name| shown(*name) == DisplayValue::Unset);
        let name_section = has_no_name.then_some((fields::Field::FirstName, "Name", "names"));
        let empty = (name_section.into_iter()).chain(SECTIONS.into_iter().filter(is_empty));
        let vouching = known.vouching.unwrap_or("the directory");
        let item = |field| ProfileItem::of(field, shown(field), vouching);
        let is_given = |field: &fields::Field| !(person.names_are_own && NAMES.contains(field));
        let [mobile, email, roll_number] = BESIDE.map(item);
        let waiting = known.emails.iter().filter(|email| !email.is_verified);
        Self {
            gone_at: known.gone_at.clone(),
            empty: empty
                .map(|(_, label, id)| PageAnchor {
                    label,
                    id: id.to_owned(),
                })
                .collect(),
            wrong,
            directory: (DIRECTORY.into_iter().filter(is_given).map(item)).collect(),
            vouching,
            names_are_own: person.names_are_own,
            is_inferred: (person.programme.as_ref()).is_some_and(|programme| programme.is_inferred),
            mobile,
            email,
            roll_number,
            forms,
            options: SelectOptions::of(known),
            waiting: waiting
                .map(|email| PendingEmail {
                    email: email.email.clone(),
                    mail_again: links.mail_link_again(email.id),
                })
                .collect(),
            emails_locked: (!known.is_lately).then(|| links.own_emails()),
            save: SectionActions {
                picture: links.update_profile("pp"),
                names: links.update_profile("name"),
                sex: links.update_profile("sex"),
                numbers: links.update_profile("mobile"),
                emails: links.update_profile("email"),
                address: links.update_profile("address"),
                programme: links.update_profile("program"),
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

impl ProfileItem {
    fn of(field: fields::Field, value: DisplayValue, vouching: &str) -> Self {
        let source = match records::source(field) {
            _ if value == DisplayValue::Unset => String::new(),
            FieldSource::Here => "from this service".to_owned(),
            FieldSource::Directory => format!("from {vouching}"),
            FieldSource::Person => "entered by you".to_owned(),
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
    /// Of a field something is wrong with.
    pub(super) fn of(id: &str) -> Self {
        let label = match id.split('-').next().unwrap_or(id) {
            "profile_picture" => "Picture",
            "first_name" => "First name",
            "last_name" => "Last name",
            "sex" => "Sex",
            "phone" => "Contact numbers",
            "email" => "Other email addresses",
            "hostel" => "Hostel",
            "room" => "Room",
            "department" => "Department",
            "join_year" => "Year of joining",
            "graduation_year" => "Year of graduation",
            _ => "Degree",
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
            "names_are_own": full,
            "program": full.then(|| serde_json::json!({ "id": 1, "is_inferred": true })), "contacts": [], "secondary_emails": [],
        }))
        .unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_place_on_the_page() {
        for field in fields::Field::all() {
            let said = DIRECTORY.contains(&field) != BESIDE.contains(&field);
            let changed = SECTIONS.iter().any(|(section, ..)| *section == field);
            assert!(said != changed, "{}", field.name());
            let is_own = records::source(field) == FieldSource::Person;
            assert_eq!(changed, is_own, "{}", field.name());
        }
    }
}
