//! The JSON of a person.

use serde_json::{Map, Value};

use crate::people::fields::{Field, FieldSet};
use crate::people::records::Person;
use crate::platform::links::Links;
use crate::protocol::scope::GrantedAccess;

/// The id and those of the requested fields that are granted.
pub(super) fn visible_fields(access: GrantedAccess, requested: FieldSet) -> FieldSet {
    let mut fields = requested;
    fields.insert(Field::Id);
    fields.intersection(access.fields())
}

/// These fields of a person as one JSON object.
pub(super) fn person_json(person: &Person, fields: FieldSet, links: &Links) -> Value {
    let members = fields
        .iter()
        .map(|field| (field.name().to_owned(), person.field(field, links)));
    Value::Object(members.collect::<Map<_, _>>())
}
