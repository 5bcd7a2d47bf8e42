//! A person and the parts of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::details::InvalidValue;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::PersonId;

/// What can be wrong with a new person or a change.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("somebody has this username already")]
    UsernameTaken,
    #[error("somebody has this number already")]
    NumberTaken,
    #[error("this username has another number already, and numbers never change")]
    OtherNumber,
    #[error("this identity belongs to somebody else")]
    IdentityTaken,
    #[error("of this identity's two keys one is another than before")]
    OtherSecondKey,
    #[error("somebody needs one way to sign in at least")]
    LastWayIn,
    #[error("there is nobody of this number, or they are suspended")]
    Nobody,
    #[error("there is no such entry")]
    NoSuchChoice,
    #[error(transparent)]
    Unfit(#[from] InvalidValue),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Everything known about somebody. Only verified secondary emails are among it.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub username: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// The directory's word for what somebody is: `ug`, `fac`, `stf` …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub is_alumni: bool,
    pub roll_number: Option<String>,
    pub mobile: Option<String>,
    pub sex: Option<String>,
    /// A file name under the data folder's pictures.
    pub profile_picture: Option<String>,
    pub is_admin: bool,
    /// The campus system that made this person of what it knows, as `erp`.
    #[serde(default)]
    pub managed_by: Option<String>,
    /// Whether the names are the person's to change: the system that vouches does not know them well.
    #[serde(default)]
    pub names_are_editable: bool,
    #[serde(rename = "insti_address")]
    pub address: Option<Address>,
    #[serde(rename = "program")]
    pub programme: Option<Programme>,
    pub contacts: Vec<ContactEntry>,
    pub secondary_emails: Vec<SecondaryEmail>,
    /// Every other column, by its name: the text fields that have no member above. Read with
    /// [`text`](Self::text).
    #[serde(flatten)]
    pub(super) texts: BTreeMap<String, Value>,
}

/// Where somebody lives on campus. Serialises as the user API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Address {
    pub id: i32,
    pub room: Option<String>,
    pub hostel: Option<String>,
    pub hostel_name: Option<String>,
}

/// Of what there is a list to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceKind {
    Hostel,
    Department,
    Degree,
}

impl ChoiceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hostel => "hostel",
            Self::Department => "department",
            Self::Degree => "degree",
        }
    }
}

impl std::str::FromStr for ChoiceKind {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        [Self::Hostel, Self::Department, Self::Degree]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| InvalidValue::new("kind", "must be hostel, department or degree"))
    }
}

/// An entry of such a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListChoice {
    pub kind: String,
    /// What profiles and the user API hold; upper and lower case are different codes.
    pub code: String,
    pub name: String,
    /// Of a hostel: its rooms carry a wing letter, as in `A-12`.
    pub has_wings: bool,
    /// No longer on offer, but still good for those who carry it.
    pub is_retired: bool,
}

/// A further address as its owner sees it. Apps see it once it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEmail {
    pub id: i32,
    pub email: String,
    pub is_verified: bool,
}

/// A way somebody has of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    pub provider: String,
    /// The provider's own word for them.
    pub subject: String,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What somebody studies. Serialises as the user API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Programme {
    pub id: i32,
    pub department: Option<String>,
    pub department_name: Option<String>,
    pub join_year: Option<i32>,
    pub graduation_year: Option<i32>,
    pub degree: Option<String>,
    pub degree_name: Option<String>,
    /// Worked out from a roll number, and not looked at since.
    #[serde(default, skip_serializing)]
    pub is_inferred: bool,
}

/// A further number.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct ContactEntry {
    pub id: i32,
    pub number: String,
}

/// A further address.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct SecondaryEmail {
    pub id: i32,
    pub email: String,
}

impl Person {
    /// Where mail reaches them: the primary address; of somebody the directory has none for, the first
    /// that they proved. May be empty.
    pub fn mailbox(&self) -> &str {
        let proven = self.secondary_emails.first();
        match (self.email.as_str(), proven) {
            ("", Some(proven)) => &proven.email,
            (email, _) => email,
        }
    }

    /// First and last name, or the username of somebody who has neither.
    pub fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}
