//! What is known about somebody, parsed once: a value of these types cannot be wrong.

use std::fmt;

use serde::{Serialize, Serializer};

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
    ($($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text without blanks at its ends.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                let text = text.trim();
                if text.chars().any(char::is_control) {
                    return Err(InvalidValue::new($what, "cannot hold control characters"));
                }
                let rule: fn(&str) -> Result<(), &'static str> = $rule;
                rule(text).map_err(|why| InvalidValue::new($what, why))?;
                Ok(Self(text.to_owned()))
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
    Username, "username", |text| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"@.+-_".contains(&byte);
        between(text, 1, 150)?;
        if text.bytes().all(fits) {
            Ok(())
        } else {
            Err("may hold letters, digits and @ . + - _ only")
        }
    };
    /// A first or last name as the directory has it; may be empty.
    Name, "name", |text| between(text, 0, 255);
    /// A mail address (the part before the @ kept as it is written).
    Email, "email", |text| {
        between(text, 1, 254)?;
        let parsed: Result<lettre::Address, _> = text.parse();
        parsed.map(|_| ()).map_err(|_| "is not a mail address")
    };
    /// The directory's word for what somebody is: any text, because directories invent new ones.
    Role, "type", |text| between(text, 1, 64);
    /// A text, since some begin with a zero or hold letters.
    RollNumber, "roll_number", |text| between(text, 1, 64);
    /// The number the directory has: any text, because directories hold more than digits.
    Mobile, "mobile", |text| between(text, 1, 255);
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
    PictureFile, "profile_picture", |text| between(text, 1, 64);
}

fn between(text: &str, shortest: usize, longest: usize) -> Result<(), &'static str> {
    match text.chars().count() {
        count if count < shortest => Err("is missing"),
        count if count > longest => Err("is too long"),
        _ => Ok(()),
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
