//! What is known about somebody, parsed once: a value of these types cannot be wrong.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::people::fields::text::TextCheck;
use crate::people::fields::{FIELDS, Field, FieldKind, FieldRow, text};

/// Why a value does not fit, and what it is of. One line, for whoever typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {why}")]
pub struct InvalidValue {
    pub what: &'static str,
    pub why: String,
}

impl InvalidValue {
    pub fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self {
            what,
            why: why.into(),
        }
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text without blanks at its ends.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                checked_line($what, text, $check).map(Self)
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::parse(text)
            }
        }
    )*};
}

texts! {
    /// The campus account's name. Upper and lower case are the same account.
    Username, "username", Field::Username.row().check;
    /// A first or last name as the directory has it; may be empty.
    Name, "name", Field::FirstName.row().check;
    /// A mail address (the part before the @ kept as it is written).
    Email, "email", Field::Email.row().check;
    /// The directory's word for a person's role, as `ug` or `fac`.
    Role, "type", Field::Type.row().check;
    /// A text, since some begin with a zero or hold letters.
    RollNumber, "roll_number", Field::RollNumber.row().check;
    /// The number that the directory has.
    Mobile, "mobile", Field::Mobile.row().check;
    /// A number somebody added.
    ContactNumber, "contacts", |text| {
        let fits = |byte: u8| byte.is_ascii_digit() || b"+- ".contains(&byte);
        if (6..=16).contains(&text.len()) && text.bytes().all(fits) {
            Ok(())
        } else {
            Err("must be 6 to 16 digits, blanks, + and -")
        }
    };
    /// A picture's file name in the data folder.
    PictureFile, "profile_picture", |text| text::has_length(text, 1, 64);
}

/// A text without blanks at its ends and without control characters, which fulfils a check.
fn checked_line(what: &'static str, text: &str, check: TextCheck) -> Result<String, InvalidValue> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(InvalidValue::new(what, "cannot hold control characters"));
    }
    check(text).map_err(|why| InvalidValue::new(what, why))?;
    Ok(text.to_owned())
}

/// A value of a text field that has no type of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FieldText(String);

impl FieldText {
    pub fn parse(field: Field, text: &str) -> Result<Self, InvalidValue> {
        let row = field.row();
        checked_line(row.name, text, row.check).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Male,
    Female,
    Other,
}

impl Sex {
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "male" => Ok(Self::Male),
            "female" => Ok(Self::Female),
            "other" => Ok(Self::Other),
            _ => Err(InvalidValue::new("sex", "must be male, female or other")),
        }
    }
}

/// What becomes of one thing known about somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Update<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Update<T> {
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What there is after the change of what there was.
    #[must_use]
    pub fn after(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// Only ever asked of what is not kept: those fields are skipped.
impl<T: Serialize> Serialize for Update<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

/// Changes of the columns of `people`. Serialises to an object of those that change, by column.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ColumnUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<Name>,
    /// Empty where somebody has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Update::is_keep")]
    pub kind: Update<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_alumni: Option<bool>,
    #[serde(skip_serializing_if = "Update::is_keep")]
    pub roll_number: Update<RollNumber>,
    #[serde(skip_serializing_if = "Update::is_keep")]
    pub mobile: Update<Mobile>,
    #[serde(skip_serializing_if = "Update::is_keep")]
    pub sex: Update<Sex>,
    #[serde(skip_serializing_if = "Update::is_keep")]
    pub profile_picture: Update<PictureFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// The text fields that have no member above, by column. `None` clears.
    #[serde(flatten)]
    pub texts: BTreeMap<&'static str, Option<FieldText>>,
}

impl ColumnUpdates {
    /// Sets a text field to what was entered. An empty text clears it.
    pub fn set_text(&mut self, field: Field, text: &str) -> Result<(), InvalidValue> {
        let set = match field {
            Field::FirstName => Name::parse(text).map(|name| self.first_name = Some(name)),
            Field::LastName => Name::parse(text).map(|name| self.last_name = Some(name)),
            Field::Email => parse_or_clear(text, Email::parse).map(|email| {
                let email = email.after(None);
                self.email = Some(email.map_or_else(String::new, |email| email.to_string()));
            }),
            Field::Type => parse_or_clear(text, Role::parse).map(|role| self.kind = role),
            Field::RollNumber => {
                parse_or_clear(text, RollNumber::parse).map(|roll| self.roll_number = roll)
            }
            Field::Mobile => parse_or_clear(text, Mobile::parse).map(|mobile| self.mobile = mobile),
            other => self.set_other_text(other, text),
        };
        set.map_err(|invalid| InvalidValue::new(field.name(), invalid.why))
    }

    fn set_other_text(&mut self, field: Field, text: &str) -> Result<(), InvalidValue> {
        let row = field.row();
        let Some(column) = row.column.filter(|_| row.is_text_column()) else {
            return Err(InvalidValue::new(row.name, "cannot be changed as a text"));
        };
        let value = parse_or_clear(text, |text| FieldText::parse(field, text))?;
        self.texts.insert(column, value.after(None));
        Ok(())
    }

    /// What the columns that change are set to, as the database reads it.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(columns)) => columns,
            _ => Map::new(),
        }
    }
}

fn parse_or_clear<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, InvalidValue>,
) -> Result<Update<T>, InvalidValue> {
    if text.trim().is_empty() {
        return Ok(Update::Clear);
    }
    parse(text).map(Update::Set)
}

/// Changes of everything known about somebody.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonUpdate {
    pub columns: ColumnUpdates,
    pub hostel: Update<String>,
    pub room: Update<String>,
    pub department: Update<String>,
    pub degree: Update<String>,
    pub join_year: Update<i32>,
    pub graduation_year: Update<i32>,
    /// In place of those there are.
    pub contacts: Option<Vec<ContactNumber>>,
    /// In place of those there are; they count as verified.
    pub secondary_emails: Option<Vec<Email>>,
    /// A further way of signing in: the provider's name and its word for the person.
    pub identity: Option<(String, String)>,
}

impl PersonUpdate {
    /// The fields that change, in the order of the table.
    pub fn changed_fields(&self) -> Vec<Field> {
        let columns = self.columns.to_json();
        let is_changed = |row: &&FieldRow| match row.kind {
            FieldKind::Contacts => self.contacts.is_some(),
            FieldKind::Emails => self.secondary_emails.is_some(),
            FieldKind::Address => self.touches_address(),
            FieldKind::Programme => self.touches_programme(),
            FieldKind::Integer
            | FieldKind::Text
            | FieldKind::Boolean
            | FieldKind::Picture
            | FieldKind::Sex => row
                .column
                .is_some_and(|column| columns.contains_key(column)),
        };
        let changed = FIELDS.iter().filter(is_changed);
        changed.map(|row| row.field).collect()
    }

    pub fn touches_address(&self) -> bool {
        !(self.hostel.is_keep() && self.room.is_keep())
    }

    pub fn touches_programme(&self) -> bool {
        !(self.department.is_keep()
            && self.degree.is_keep()
            && self.join_year.is_keep()
            && self.graduation_year.is_keep())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_what_directories_call_accounts() {
        for good in ["asha", "12d070047", "a.b-c_d+e@iitb", " asha "] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        let long = "x".repeat(151);
        for bad in ["", "  ", "a b", "a/b", "आशा", "a\nb", long.as_str()] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_somebody_adds_are_short_and_plain() {
        assert!(ContactNumber::parse("+91 98200 11111").is_ok());
        assert!(ContactNumber::parse("022-2572 2545").is_ok());
        for bad in ["12345", "+91 98200 1111111", "call me", "98200;11111"] {
            assert!(ContactNumber::parse(bad).is_err(), "{bad}");
        }
        // The directory's own number is not ours to judge.
        assert!(Mobile::parse("98200 11111 (home: 022-2572 2545)").is_ok());
    }

    #[test]
    fn mail_addresses_have_both_ends() {
        assert!(Email::parse("asha@campus.example").is_ok());
        for bad in ["asha", "@campus.example", "asha@", "a b@campus.example"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_text_column_can_be_set_and_cleared() {
        for row in FIELDS.iter().filter(|row| row.is_text_column()) {
            let example: String = serde_json::from_str(row.example).unwrap();
            let column = row.column.unwrap();
            for (text, is_set) in [(example.as_str(), true), (" ", false)] {
                let mut update = PersonUpdate::default();
                update.columns.set_text(row.field, text).unwrap();
                assert_eq!(update.changed_fields(), [row.field]);
                let value = serde_json::to_value(&update.columns).unwrap();
                let value = value.get(column).unwrap().as_str().unwrap_or_default();
                assert_eq!(!value.is_empty(), is_set, "{column}");
            }
        }
    }

    #[test]
    fn what_is_no_text_column_cannot_be_set_as_a_text() {
        for field in [Field::Id, Field::Username, Field::IsAlumni, Field::Program] {
            let mut columns = ColumnUpdates::default();
            assert!(columns.set_text(field, "x").is_err(), "{}", field.name());
        }
    }

    #[test]
    fn a_text_without_a_type_of_its_own_is_written_by_its_column() {
        let mut columns = ColumnUpdates::default();
        columns
            .texts
            .insert("nickname", Some(FieldText("Ash".to_owned())));
        columns.texts.insert("motto", None);
        assert_eq!(
            serde_json::to_value(columns).unwrap(),
            serde_json::json!({ "nickname": "Ash", "motto": null })
        );
    }

    #[test]
    fn only_what_changes_is_in_the_patch() {
        let columns = ColumnUpdates {
            first_name: Some(Name::parse("Asha").unwrap()),
            sex: Update::Clear,
            kind: Update::Set(Role::parse("ug").unwrap()),
            ..ColumnUpdates::default()
        };
        assert_eq!(
            serde_json::to_value(columns).unwrap(),
            serde_json::json!({ "first_name": "Asha", "sex": null, "type": "ug" })
        );
    }
}
