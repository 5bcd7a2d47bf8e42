//! The forms of the page: what stands in them, what was typed, and what is said beside a field where that
//! does not fit. Pure; what must hold of values is `people`'s to say.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sections::{TEXT_SECTIONS, fields_of, section_row};
use crate::people::fields::{Field, ProfileSection};
use crate::people::records;
use crate::people::records::{
    ContactNumber, Email, InvalidValue, OwnEmail, Person, PersonUpdate, Sex, Update,
};
use crate::platform::pictures::CropSquare;
use crate::platform::web::FormParams;

/// What a field of a form holds, and what is wrong with it.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct ProfileFormField {
    pub value: String,
    pub error: Option<String>,
}

/// A list, a line for each entry and some empty ones to add to it.
#[derive(Debug, Default, Serialize)]
pub(super) struct LineInputs {
    pub lines: Vec<LineInput>,
    /// One more, for a script to add.
    pub blank: LineInput,
    /// How many there may be.
    pub most: usize,
    /// What is wrong with the list as a whole.
    pub error: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct LineInput {
    pub id: String,
    pub value: String,
    pub error: Option<String>,
    /// Of an address: whether it is confirmed.
    pub verified: Option<bool>,
}

/// Every form of the page.
#[derive(Debug, Default, Serialize)]
pub(super) struct ProfileForms {
    pub picture: Option<String>,
    /// The inputs of text fields, by the name of the field.
    pub texts: BTreeMap<&'static str, ProfileFormField>,
    pub sex: ProfileFormField,
    pub numbers: LineInputs,
    pub emails: LineInputs,
    pub hostel: ProfileFormField,
    pub room: ProfileFormField,
    pub department: ProfileFormField,
    pub join_year: ProfileFormField,
    pub graduation_year: ProfileFormField,
    pub degree: ProfileFormField,
}

/// What was typed into one of them.
#[derive(Debug)]
pub(super) enum SectionForm {
    Picture,
    /// The inputs of a section of text fields.
    Texts {
        section: ProfileSection,
        values: Vec<(Field, String)>,
    },
    Sex(String),
    Numbers(Vec<String>),
    Emails(Vec<String>),
    Address {
        hostel: String,
        room: String,
    },
    Programme {
        department: String,
        join_year: String,
        graduation_year: String,
        degree: String,
    },
}

/// What is wrong, by the id of the field it stands beside.
pub(super) type FormErrors = BTreeMap<String, String>;

/// Lines to add something, beside those that are filled.
const EMPTY_LINES: usize = 2;
/// Lines that are shown again: nobody who types reaches that, and who sends thousands gets no page of
/// thousands back.
const LINES_SHOWN_AGAIN: usize = 50;

impl ProfileForms {
    /// As things stand.
    pub(super) fn of(person: &Person, emails: &[OwnEmail]) -> Self {
        let text = |value: Option<&String>| ProfileFormField {
            value: value.cloned().unwrap_or_default(),
            error: None,
        };
        let year = |value: Option<i32>| ProfileFormField {
            value: value.map(|year| year.to_string()).unwrap_or_default(),
            error: None,
        };
        let (address, programme) = (person.address.as_ref(), person.programme.as_ref());
        let numbers = person.contacts.iter().map(|it| (it.number.clone(), None));
        let emails = emails
            .iter()
            .map(|it| (it.email.clone(), Some(it.is_verified)));
        Self {
            picture: None,
            texts: (TEXT_SECTIONS.into_iter().flat_map(fields_of))
                .map(|row| {
                    let value = person.text(row.field).unwrap_or_default().to_owned();
                    (row.name, ProfileFormField { value, error: None })
                })
                .collect(),
            sex: text(person.sex.as_ref()),
            numbers: LineInputs::of("phone", numbers.collect()),
            emails: LineInputs::of("email", emails.collect()),
            hostel: text(address.and_then(|it| it.hostel.as_ref())),
            room: text(address.and_then(|it| it.room.as_ref())),
            department: text(programme.and_then(|it| it.department.as_ref())),
            join_year: year(programme.and_then(|it| it.join_year)),
            graduation_year: year(programme.and_then(|it| it.graduation_year)),
            degree: text(programme.and_then(|it| it.degree.as_ref())),
        }
    }

    /// Puts back what was typed, with what is wrong beside it.
    pub(super) fn give_back(&mut self, typed: SectionForm, mut told: FormErrors) {
        let mut field = |id: &str, value: String| ProfileFormField {
            value,
            error: told.remove(id),
        };
        match typed {
            SectionForm::Picture => self.picture = told.remove("profile_picture"),
            SectionForm::Texts { values, .. } => {
                let values = values.into_iter();
                let fields = values.map(|(of, value)| (of.name(), field(of.name(), value)));
                self.texts.extend(fields);
            }
            SectionForm::Sex(sex) => self.sex = field("sex", sex),
            SectionForm::Address { hostel, room } => {
                self.hostel = field("hostel", hostel);
                self.room = field("room", room);
            }
            SectionForm::Programme {
                department,
                join_year,
                graduation_year,
                degree,
            } => {
                self.department = field("department", department);
                self.join_year = field("join_year", join_year);
                self.graduation_year = field("graduation_year", graduation_year);
                self.degree = field("degree", degree);
            }
            SectionForm::Numbers(lines) => {
                self.numbers = LineInputs::typed("phone", lines, None, told)
            }
            SectionForm::Emails(lines) => {
                let before = std::mem::take(&mut self.emails);
                self.emails = LineInputs::typed("email", lines, Some(before), told);
            }
        }
    }
}

impl LineInputs {
    fn of(name: &str, entries: Vec<(String, Option<bool>)>) -> Self {
        let filled = entries.len();
        let shown = (filled + EMPTY_LINES).min(records::MOST.max(filled));
        let empty = std::iter::repeat_n((String::new(), None), shown - filled);
        let lines = entries.into_iter().chain(empty).zip(1..);
        let lines = lines.map(|((value, verified), number)| LineInput {
            id: format!("{name}-{number}"),
            value,
            error: None,
            verified,
        });
        Self {
            lines: lines.collect(),
            blank: LineInput::default(),
            most: records::MOST,
            error: None,
        }
    }

    fn typed(name: &str, typed: Vec<String>, before: Option<Self>, mut told: FormErrors) -> Self {
        let before = before.map(|it| it.lines).unwrap_or_default();
        let verified = |value: &String| before.iter().find(|it| it.value == *value)?.verified;
        let entries = typed.into_iter().take(LINES_SHOWN_AGAIN);
        let entries = entries.map(|value| {
            let verified = verified(&value).filter(|_| !value.is_empty());
            (value, verified)
        });
        let mut lines = Self::of(name, entries.collect());
        for line in &mut lines.lines {
            line.error = told.remove(&line.id);
        }
        lines.error = told.remove(name);
        lines
    }
}

impl SectionForm {
    pub(super) fn sex(form: &FormParams) -> Self {
        Self::Sex(form.text("sex").to_owned())
    }

    pub(super) fn texts(section: ProfileSection, form: &FormParams) -> Self {
        let values = fields_of(section).map(|row| (row.field, form.text(row.name).to_owned()));
        Self::Texts {
            section,
            values: values.collect(),
        }
    }

    pub(super) fn numbers(form: &FormParams) -> Self {
        Self::Numbers(filled(form, "phone"))
    }

    pub(super) fn emails(form: &FormParams) -> Self {
        Self::Emails(filled(form, "email"))
    }

    pub(super) fn address(form: &FormParams) -> Self {
        Self::Address {
            hostel: form.text("hostel").to_owned(),
            room: form.text("room").to_owned(),
        }
    }

    pub(super) fn programme(form: &FormParams) -> Self {
        let text = |name| form.text(name).to_owned();
        Self::Programme {
            department: text("department"),
            join_year: text("join_year"),
            graduation_year: text("graduation_year"),
            degree: text("degree"),
        }
    }

    /// What the page says once it is kept.
    pub(super) fn saved(&self) -> &'static str {
        section_row(self.section()).saved
    }

    fn section(&self) -> ProfileSection {
        match self {
            Self::Picture => ProfileSection::Picture,
            Self::Texts { section, .. } => *section,
            Self::Sex(_) => ProfileSection::Sex,
            Self::Numbers(_) => ProfileSection::Numbers,
            Self::Emails(_) => ProfileSection::Emails,
            Self::Address { .. } => ProfileSection::Address,
            Self::Programme { .. } => ProfileSection::Programme,
        }
    }

    /// The change it asks for, or everything that is wrong with it by itself.
    pub(super) fn read(&self, this_year: i32) -> Result<PersonUpdate, FormErrors> {
        let mut told = FormErrors::new();
        let mut details = PersonUpdate::default();
        match self {
            Self::Picture => {}
            Self::Texts { values, .. } => {
                for (field, text) in values {
                    if let Err(invalid) = details.columns.set_text(*field, text) {
                        told.insert(field.name().to_owned(), sentence(&invalid, this_year));
                    }
                }
            }
            Self::Sex(sex) => {
                details.columns.sex = or_tell(read(sex, Sex::parse), "sex", this_year, &mut told);
            }
            Self::Numbers(typed) => details.contacts = Some(numbers(typed, &mut told)),
            Self::Emails(typed) => details.secondary_emails = Some(emails(typed, &mut told)),
            Self::Address { hostel, room } => {
                details.hostel = chosen(hostel);
                let room = (!room.contains(char::is_control)).then(|| chosen(room));
                details.room = or_tell(room, "room", this_year, &mut told);
            }
            Self::Programme {
                department,
                join_year,
                graduation_year,
                degree,
            } => {
                details.department = chosen(department);
                details.degree = chosen(degree);
                let [join, graduation] = [join_year, graduation_year].map(|it| read(it, year));
                details.join_year = or_tell(join, "join_year", this_year, &mut told);
                details.graduation_year =
                    or_tell(graduation, "graduation_year", this_year, &mut told);
            }
        }
        if told.is_empty() {
            Ok(details)
        } else {
            Err(told)
        }
    }

    /// Where it does not fit what else is known: the same, beside its field.
    pub(super) fn misfits(
        &self,
        unfit: &InvalidValue,
        primary: &str,
        this_year: i32,
    ) -> FormErrors {
        let mut told = FormErrors::new();
        match self {
            Self::Programme {
                join_year,
                graduation_year,
                ..
            } if unfit.what == "graduation_year"
                && year(join_year).ok() >= year(graduation_year).ok()
                && year(join_year).is_ok() =>
            {
                told.insert("join_year".to_owned(), JOINED_LATE.to_owned());
                told.insert("graduation_year".to_owned(), LEFT_EARLY.to_owned());
            }
            Self::Emails(lines) => {
                let same = |line: &String| line.trim().to_lowercase() == primary.to_lowercase();
                let twins = lines.iter().zip(1..).filter(|(line, _)| same(line));
                told.extend(
                    twins.map(|(_, number)| (format!("email-{number}"), PRIMARY.to_owned())),
                );
                if told.is_empty() {
                    told.insert("email".to_owned(), TOO_MANY_EMAILS.to_owned());
                }
            }
            _ => {
                told.insert(unfit.what.to_owned(), sentence(unfit, this_year));
            }
        }
        told
    }
}

/// Which square of a picture was chosen: the middle where nothing was, nothing where there is none such.
pub(super) fn square(form: &FormParams) -> Option<CropSquare> {
    let number = |name: &str, usual: &str| {
        let typed = form.all(name).next().unwrap_or(usual);
        typed.parse().ok()
    };
    CropSquare::new(
        number("crop_zoom", "100")?,
        number("crop_across", "50")?,
        number("crop_down", "50")?,
    )
}

/// The change, or none and what is to be done about the field.
fn or_tell<T>(
    change: Option<Update<T>>,
    what: &'static str,
    this_year: i32,
    told: &mut FormErrors,
) -> Update<T> {
    change.unwrap_or_else(|| {
        let invalid = InvalidValue::new(what, "does not fit");
        told.insert(what.to_owned(), sentence(&invalid, this_year));
        Update::Keep
    })
}

/// What to do about a field that does not fit.
fn sentence(invalid: &InvalidValue, this_year: i32) -> String {
    let first = records::FIRST_YEAR;
    match invalid.what {
        "first_name" | "last_name" => NAME.to_owned(),
        "sex" => "Choose one from the list.".to_owned(),
        "hostel" => "Choose a hostel from the list.".to_owned(),
        "department" => "Choose a department from the list.".to_owned(),
        "degree" => "Choose a degree from the list.".to_owned(),
        "room" => ROOM.to_owned(),
        "join_year" => format!("Write a year from {first} to {this_year}."),
        "graduation_year" => {
            let last = this_year + records::LONGEST_COURSE;
            format!("Write a year from {first} to {last}.")
        }
        name if Field::named(name).is_some_and(|field| field.row().is_text_column()) => {
            format!("This {}.", invalid.why)
        }
        _ => "This does not fit. Look at it again.".to_owned(),
    }
}

const WRONG_NUMBER: &str = "Write 6 to 16 digits; blanks, + and - may stand between them.";
const WRONG_EMAIL: &str = "This is not a mail address. Write it as asha@home.example.";
const TOO_MANY_NUMBERS: &str = "You can have 10 numbers. Take some out.";
const TOO_MANY_EMAILS: &str = "You can have 10 addresses. Take some out.";
const PRIMARY: &str = "This is your primary address, which is there already. Take it out here.";
const JOINED_LATE: &str = "This must be before the year of graduation.";
const LEFT_EARLY: &str = "This must be after the year of joining.";
const NAME: &str = "Write at most 255 characters, and nothing that cannot be seen.";
const ROOM: &str = "Write at most 8 characters. Where a hostel has wings, write the wing letter, a \
                    hyphen and the number, as A-12.";

/// What was typed into the lines of a list, without those left empty at its end.
fn filled(form: &FormParams, name: &str) -> Vec<String> {
    let mut lines: Vec<String> = form.all(name).map(str::to_owned).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}

/// Empty clears. `None` if it does not fit.
fn read<T>(text: &str, parse: impl Fn(&str) -> Result<T, InvalidValue>) -> Option<Update<T>> {
    match text.trim() {
        "" => Some(Update::Clear),
        text => parse(text).ok().map(Update::Set),
    }
}

fn chosen(text: &str) -> Update<String> {
    match text.trim() {
        "" => Update::Clear,
        text => Update::Set(text.to_owned()),
    }
}

fn year(text: &str) -> Result<i32, InvalidValue> {
    let text = text.trim();
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let year = text.parse().ok().filter(|_| is_year);
    year.ok_or_else(|| InvalidValue::new("year", "must be four digits"))
}

fn numbers(typed: &[String], told: &mut FormErrors) -> Vec<ContactNumber> {
    let numbers = lines("phone", typed, ContactNumber::parse, WRONG_NUMBER, told);
    let numbers = different(numbers, ToString::to_string);
    if numbers.len() > records::MOST {
        told.insert("phone".to_owned(), TOO_MANY_NUMBERS.to_owned());
    }
    numbers
}

fn emails(typed: &[String], told: &mut FormErrors) -> Vec<Email> {
    let emails = lines("email", typed, Email::parse, WRONG_EMAIL, told);
    let emails = different(emails, |email: &Email| email.as_str().to_lowercase());
    if emails.len() > records::MOST {
        told.insert("email".to_owned(), TOO_MANY_EMAILS.to_owned());
    }
    emails
}

fn lines<T>(
    name: &str,
    typed: &[String],
    parse: impl Fn(&str) -> Result<T, InvalidValue>,
    wrong: &str,
    told: &mut FormErrors,
) -> Vec<T> {
    let mut read = Vec::new();
    for (line, number) in typed.iter().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        match parse(line) {
            Ok(value) => read.push(value),
            Err(_) => {
                told.insert(format!("{name}-{number}"), wrong.to_owned());
            }
        }
    }
    read
}

/// What is typed twice counts once.
fn different<T>(values: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    let mut values = values;
    values.retain(|value| seen.insert(key(value)));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: i32 = 2026;

    fn pairs(text: &str) -> FormParams {
        FormParams::parse(text.as_bytes()).unwrap()
    }

    fn told(typed: &SectionForm) -> Vec<String> {
        typed.read(YEAR).unwrap_err().into_keys().collect()
    }

    #[test]
    fn empty_clears_and_a_value_sets() {
        let read = SectionForm::sex(&pairs("sex=")).read(YEAR).unwrap();
        assert_eq!(read.columns.sex, Update::Clear);
        let read = SectionForm::sex(&pairs("sex=other")).read(YEAR).unwrap();
        assert_eq!(read.columns.sex, Update::Set(Sex::Other));
        let read = SectionForm::address(&pairs("hostel=14&room=+A-12+")).read(YEAR);
        let read = read.unwrap();
        assert_eq!(read.hostel, Update::Set("14".to_owned()));
        assert_eq!(read.room, Update::Set("A-12".to_owned()));
    }

    #[test]
    fn every_text_of_a_section_is_read_from_its_input() {
        for section in TEXT_SECTIONS {
            let fields: Vec<Field> = fields_of(section).map(|row| row.field).collect();
            let sent = fields.iter().map(|field| format!("{}=Asha", field.name()));
            let sent = sent.collect::<Vec<_>>().join("&");
            let read = SectionForm::texts(section, &pairs(&sent))
                .read(YEAR)
                .unwrap();
            assert_eq!(read.changed_fields(), fields);
        }
        let long = format!("first_name={}", "x".repeat(256));
        let form = SectionForm::texts(ProfileSection::Name, &pairs(&long));
        assert_eq!(told(&form), ["first_name"]);
    }

    #[test]
    fn a_square_lies_in_its_picture_or_is_none() {
        assert_eq!(square(&pairs("")), Some(CropSquare::MIDDLE));
        let chosen = square(&pairs("crop_zoom=250&crop_across=0&crop_down=100"));
        assert_eq!(chosen, CropSquare::new(250, 0, 100));
        // A slider without room to move is not sent.
        assert_eq!(square(&pairs("crop_down=7")), CropSquare::new(100, 50, 7));
        for wrong in [
            "crop_zoom=99",
            "crop_zoom=401",
            "crop_across=-1",
            "crop_down=101",
            "crop_zoom=1e2",
            "crop_zoom=NaN",
            "crop_across=50.5",
            "crop_down=4294967296",
            "crop_zoom=",
            "crop_across=%D9%A5",
        ] {
            assert_eq!(square(&pairs(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_beside_its_field() {
        assert_eq!(told(&SectionForm::sex(&pairs("sex=Male"))), ["sex"]);
        assert_eq!(told(&SectionForm::address(&pairs("room=A%0a12"))), ["room"]);
        for year in ["x", "20", "20120", "-201", "٢٠١٢", "2012.5"] {
            let form = pairs(&format!("join_year={year}&graduation_year={year}"));
            let fields = told(&SectionForm::programme(&form));
            assert_eq!(fields, ["graduation_year", "join_year"], "{year}");
        }
        let form = pairs("phone=98200+11111&phone=call+me&phone=&phone=1");
        assert_eq!(told(&SectionForm::numbers(&form)), ["phone-2", "phone-4"]);
        let form = pairs("email=a&email=b@home.example&email=<b>@x");
        assert_eq!(told(&SectionForm::emails(&form)), ["email-1", "email-3"]);
    }

    #[test]
    fn a_list_counts_once_what_is_typed_twice_and_holds_ten() {
        let form = pairs("phone=98200+11111&phone=+98200+11111+&phone=98200+11112");
        let read = SectionForm::numbers(&form).read(YEAR).unwrap();
        assert_eq!(read.contacts.unwrap().len(), 2);
        let form = pairs("email=A@home.example&email=a@HOME.example");
        let read = SectionForm::emails(&form).read(YEAR).unwrap();
        assert_eq!(read.secondary_emails.unwrap().len(), 1);
        let many: Vec<_> = (10..21).map(|it| format!("phone=98200+111{it}")).collect();
        assert_eq!(
            told(&SectionForm::numbers(&pairs(&many.join("&")))),
            ["phone"]
        );
    }

    #[test]
    fn years_out_of_order_are_told_beside_both() {
        let form = SectionForm::programme(&pairs("join_year=2016&graduation_year=2012"));
        let unfit = InvalidValue::new("graduation_year", "must be later");
        let told: Vec<_> = form.misfits(&unfit, "", YEAR).into_keys().collect();
        assert_eq!(told, ["graduation_year", "join_year"]);
        let form = SectionForm::programme(&pairs("join_year=2016&graduation_year=2050"));
        let told = form.misfits(&unfit, "", YEAR);
        assert_eq!(told["graduation_year"], "Write a year from 1958 to 2032.");
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn a_list_ends_with_lines_to_add_to_it() {
        let many = |count: usize| (0..count).map(|it| (it.to_string(), None)).collect();
        let shown = |count: usize| LineInputs::of("phone", many(count)).lines.len();
        assert_eq!([0, 1, 8, 9, 10, 12].map(shown), [2, 3, 10, 10, 10, 12]);
    }

    #[test]
    fn thousands_of_lines_are_not_shown_again() {
        let typed = vec!["x".to_owned(); 10_000];
        let lines = LineInputs::typed("phone", typed, None, FormErrors::new());
        assert!(lines.lines.len() <= 52);
    }
}
