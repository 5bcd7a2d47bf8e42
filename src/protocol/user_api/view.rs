//! A person, a share and the fields asked for, made one JSON object.

use serde_json::{Map, Value};

use crate::people::fields::{Field, FieldSet};
use crate::people::records::Person;
use crate::platform::links::Links;
use crate::protocol::scope::GrantedAccess;

/// The number, and of the fields asked for those that are shared. What is not shared is left out, not
/// null: old clients read a missing key as "not permitted".
pub(super) fn shown(share: GrantedAccess, asked: FieldSet) -> FieldSet {
    let mut shown = asked;
    shown.insert(Field::Id);
    shown.intersection(share.fields())
}

/// These fields of a person as one JSON object.
pub(super) fn view(person: &Person, shown: FieldSet, links: &Links) -> Value {
    let members = shown
        .iter()
        .map(|field| (field.name().to_owned(), person.field(field, links)));
    Value::Object(members.collect::<Map<_, _>>())
}
