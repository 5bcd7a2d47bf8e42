//! A person and the parts of one.

use serde::Deserialize;
use serde::Serialize;

use crate::db;
use crate::id::PersonId;

use super::details::Unfit;

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
    #[error(transparent)]
    Unfit(#[from] Unfit),
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
    #[serde(rename = "insti_address")]
    pub address: Option<Address>,
    #[serde(rename = "program")]
    pub programme: Option<Programme>,
    pub contacts: Vec<Contact>,
    pub secondary_emails: Vec<SecondaryEmail>,
}

/// Where somebody lives on campus. Serialises as the user API shows it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Address {
    pub id: i32,
    pub room: Option<String>,
    pub hostel: Option<String>,
    pub hostel_name: Option<String>,
}

/// A hostel as the choices have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hostel {
    pub code: String,
    /// Its rooms carry a wing letter: `A-12`.
    pub has_wings: bool,
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
}

/// A further number.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Contact {
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
    /// First and last name, or the username of somebody who has neither.
    pub fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}
