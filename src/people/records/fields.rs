//! The one place that reads a field of a person. Exhaustive: a field added to the table does not
//! compile until it can be read here.

use serde_json::{Value, json};

use super::Person;
use crate::people::fields::Field;
use crate::platform::links::Links;

impl Person {
    /// A field as the user API answers it: null where nothing is set, `[]` for an empty list.
    pub fn field(&self, field: Field, links: &Links) -> Value {
        match field {
            Field::Id => json!(self.id),
            Field::FirstName => json!(self.first_name),
            Field::LastName => json!(self.last_name),
            Field::Type => json!(self.kind),
            Field::IsAlumni => json!(self.is_alumni),
            Field::Sex => json!(self.sex),
            Field::ProfilePicture => {
                json!(
                    self.profile_picture
                        .as_deref()
                        .map(|file| links.profile_picture(file))
                )
            }
            Field::Username => json!(self.username),
            Field::Email => json!(self.email),
            Field::Mobile => json!(self.mobile),
            Field::Contacts => json!(self.contacts),
            Field::InstiAddress => json!(self.address),
            Field::Program => json!(self.programme),
            Field::RollNumber => json!(self.roll_number),
            Field::SecondaryEmails => json!(self.secondary_emails),
        }
    }
}
