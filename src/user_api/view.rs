//! A person, a share and the fields asked for, made one JSON object.

use serde_json::Map;
use serde_json::Value;

use crate::links::Links;
use crate::people::Person;
use crate::scope::Field;
use crate::scope::FieldSet;
use crate::scope::Share;

/// The number, and of the fields asked for those that are shared. What is not shared is left out, not
/// null: old clients read a missing key as "not permitted".
pub(super) fn view(person: &Person, share: Share, asked: FieldSet, links: &Links) -> Value {
    let mut shown = asked;
    shown.insert(Field::Id);
    let shown = shown.intersection(share.fields());
    let members = shown
        .iter()
        .map(|field| (field.name().to_owned(), person.field(field, links)));
    Value::Object(members.collect::<Map<_, _>>())
}
