//! A person and the parts of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::details::InvalidValue;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::id::PersonId;

/// Why a person cannot be added or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("somebody has this username already")]
    UsernameTaken,
    #[error("somebody has this number already")]
    IdTaken,
    #[error("this username has another number already, and numbers never change")]
    OtherId,
    #[error("this identity belongs to somebody else")]
    IdentityTaken,
    #[error("of this identity's two keys one is another than before")]
    OtherStableId,
    #[error("somebody needs one way to sign in at least")]
    LastIdentity,
    #[error("there is nobody of this number, or they are suspended")]
    UnknownPerson,
    #[error("a credential event came in between")]
    Superseded,
    #[error("there is no such entry")]
    NoSuchChoice,
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Everything that is stored about a person. Only verified secondary addresses are included.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub username: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// The role the directory has: `ug`, `fac`, `stf` …
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub is_alumni: bool,
    pub roll_number: Option<String>,
    pub mobile: Option<String>,
    pub sex: Option<String>,
    /// A file name under the data folder's pictures.
    pub profile_picture: Option<String>,
    pub is_admin: bool,
    /// The campus system whose claims created the person, as `erp`.
    #[serde(default)]
    pub managed_by: Option<String>,
    /// Whether the person may change their names, because the campus system does not have them.
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

/// An address on campus. Serialises as the user API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Address {
    pub id: i32,
    pub room: Option<String>,
    pub hostel: Option<String>,
    pub hostel_name: Option<String>,
}

/// The lists that profiles choose from.
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

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListChoice {
    pub kind: String,
    /// The value in profiles and in the user API. Case matters.
    pub code: String,
    pub name: String,
    /// Only for a hostel: its rooms carry a wing letter, as in `A-12`.
    pub has_wings: bool,
    /// No longer offered, but valid in the profiles that hold it.
    pub is_retired: bool,
}

/// A secondary address as its owner sees it. Apps see verified ones only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEmail {
    pub id: i32,
    pub email: String,
    pub is_verified: bool,
}

/// An identity that is linked to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    pub provider: String,
    /// The account there.
    pub subject: String,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A programme of study. Serialises as the user API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Programme {
    pub id: i32,
    pub department: Option<String>,
    pub department_name: Option<String>,
    pub join_year: Option<i32>,
    pub graduation_year: Option<i32>,
    pub degree: Option<String>,
    pub degree_name: Option<String>,
    /// Inferred from a roll number, and not checked by the person yet.
    #[serde(default, skip_serializing)]
    pub is_inferred: bool,
}

/// A number that the person added.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct ContactEntry {
    pub id: i32,
    pub number: String,
}

/// A verified secondary address.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct SecondaryEmail {
    pub id: i32,
    pub email: String,
}

impl Person {
    /// The address for mail: the primary one, else the first verified secondary one. May be empty.
    pub fn mailbox(&self) -> &str {
        let proven = self.secondary_emails.first();
        match (self.email.as_str(), proven) {
            ("", Some(proven)) => &proven.email,
            (email, _) => email,
        }
    }

    /// First and last name, or the username of a person without either.
    pub fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}
