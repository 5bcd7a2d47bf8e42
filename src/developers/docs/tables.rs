//! The tables of scopes and fields, as the documentation shows them.

use serde::Serialize;

use crate::people::fields::{FIELDS, FieldKind, FieldRow};
use crate::protocol::scope::SCOPES;

#[derive(Debug, Serialize)]
pub(super) struct ScopeDoc {
    name: &'static str,
    sentence: &'static str,
    fields: Vec<&'static str>,
}

pub(super) fn scopes() -> Vec<ScopeDoc> {
    let shown = SCOPES.iter().map(|row| ScopeDoc {
        name: row.name,
        sentence: row.sentence,
        fields: row.fields.iter().map(|field| field.name()).collect(),
    });
    shown.collect()
}

#[derive(Debug, Serialize)]
pub(super) struct FieldDoc {
    name: &'static str,
    scope: &'static str,
    shape: String,
    meaning: &'static str,
}

pub(super) fn fields() -> Vec<FieldDoc> {
    let scope = |row: &FieldRow| {
        SCOPES
            .iter()
            .find(|scope| scope.fields.contains(&row.field))
    };
    let shown = FIELDS.iter().map(|row| FieldDoc {
        name: row.name,
        scope: scope(row).map_or("", |scope| scope.name),
        shape: shape(row),
        meaning: row.meaning,
    });
    shown.collect()
}

fn shape(row: &FieldRow) -> String {
    let kind = match row.kind {
        FieldKind::Integer => "integer",
        FieldKind::Text | FieldKind::Picture | FieldKind::Sex => "string",
        FieldKind::Boolean => "boolean",
        FieldKind::Contacts | FieldKind::Emails => "array",
        FieldKind::Address | FieldKind::Programme => "object",
    };
    let or_null = if row.nullable { " or null" } else { "" };
    format!("{kind}{or_null}")
}

/// Known roles of the campus directory. The directory may add new ones.
pub(super) const TYPES: &[&str] = &[
    "ug",
    "pg",
    "dd",
    "rs",
    "fac",
    "stf",
    "prjstf",
    "intern",
    "institutional",
    "vendor",
    "chms",
    "misc",
    "fac.home",
    "fac.guest",
    "fac.confguest",
    "stf.home",
];

/// A response with all fields, from the examples of the table and in its order.
pub(super) fn example() -> String {
    let value = |row: &FieldRow| match row.kind {
        FieldKind::Address | FieldKind::Programme => spread(row.example),
        _ => row.example.to_owned(),
    };
    let members = FIELDS
        .iter()
        .map(|row| format!("  \"{}\": {}", row.name, value(row)));
    format!("{{\n{}\n}}", members.collect::<Vec<_>>().join(",\n"))
}

/// An object over several lines, with its members in their order.
fn spread(object: &str) -> String {
    object
        .replace("{\"", "{\n    \"")
        .replace(",\"", ",\n    \"")
        .replace("\":", "\": ")
        .replace('}', "\n  }")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_json_with_every_field() {
        let read: serde_json::Value = serde_json::from_str(&example()).unwrap();
        for row in FIELDS {
            let example: serde_json::Value = serde_json::from_str(row.example).unwrap();
            assert_eq!(read[row.name], example);
        }
        assert_eq!(read.as_object().unwrap().len(), FIELDS.len());
    }
}
