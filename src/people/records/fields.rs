//! The one place that reads a field of a person.

use serde_json::{Value, json};

use super::Person;
use crate::people::fields::{Field, FieldKind};
use crate::platform::links::Links;

impl Person {
    /// A field as the user API answers it: null where nothing is set, `[]` for an empty list.
    pub fn field(&self, field: Field, links: &Links) -> Value {
        match field.row().kind {
            FieldKind::Text => json!(self.text(field)),
            FieldKind::Integer => json!(self.id),
            FieldKind::Boolean => json!(self.is_alumni),
            FieldKind::Sex => json!(self.sex),
            FieldKind::Picture => {
                let file = self.profile_picture.as_deref();
                json!(file.map(|file| links.profile_picture(file)))
            }
            FieldKind::Contacts => json!(self.contacts),
            FieldKind::Address => json!(self.address),
            FieldKind::Programme => json!(self.programme),
            FieldKind::Emails => json!(self.secondary_emails),
        }
    }

    /// The value of a text field.
    pub fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Username => Some(&self.username),
            Field::FirstName => Some(&self.first_name),
            Field::LastName => Some(&self.last_name),
            Field::Email => Some(&self.email),
            Field::Type => self.kind.as_deref(),
            Field::RollNumber => self.roll_number.as_deref(),
            Field::Mobile => self.mobile.as_deref(),
            other => self.texts.get(other.row().column?)?.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::people::fields::FIELDS;

    /// A person whose fields hold the examples of the table, as the view `whole_people` answers it.
    fn example() -> Person {
        let mut person = Map::from_iter([("is_admin".to_owned(), json!(false))]);
        for row in FIELDS {
            let example = serde_json::from_str(row.example).unwrap();
            person.insert(row.name.to_owned(), example);
        }
        person.insert("profile_picture".to_owned(), json!("a.jpg"));
        serde_json::from_value(Value::Object(person)).unwrap()
    }

    #[test]
    fn every_field_is_read_from_the_view() {
        let links = Links::new(&"http://localhost:8000".parse().unwrap());
        let person = example();
        for row in FIELDS {
            let mut expected: Value = serde_json::from_str(row.example).unwrap();
            if row.kind == FieldKind::Picture {
                expected = json!(links.profile_picture("a.jpg"));
            }
            assert_eq!(person.field(row.field, &links), expected, "{}", row.name);
        }
    }
}
