//! The `fields` parameter of the user API.

use crate::people::fields::{Field, FieldSet};

/// A parsed `fields` parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldsParam {
    Fields(FieldSet),
    /// The names that are not fields, in the order of the request, each once.
    Unknown(Vec<String>),
}

/// Parses a comma-separated list. Blanks around a name, empty items and repetitions are ignored. One unknown
/// name refuses the whole list, so that a developer notices a typing error at once.
pub fn parse_fields(list: &str) -> FieldsParam {
    let mut fields = FieldSet::EMPTY;
    let mut unknown: Vec<String> = Vec::new();
    for name in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match Field::named(name) {
            Some(field) => fields.insert(field),
            None if unknown.iter().any(|earlier| earlier == name) => {}
            None => unknown.push(name.to_owned()),
        }
    }
    if unknown.is_empty() {
        FieldsParam::Fields(fields)
    } else {
        FieldsParam::Unknown(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_empty_items_and_repetitions_are_ignored() {
        let expected = FieldsParam::Fields(FieldSet::from_iter([Field::FirstName]));
        assert_eq!(parse_fields(" first_name , ,first_name"), expected);
        assert_eq!(parse_fields(""), FieldsParam::Fields(FieldSet::EMPTY));
    }

    #[test]
    fn unknown_names_are_reported_even_beside_known_ones() {
        let parsed = parse_fields("first_name,bogus,First_Name,bogus");
        assert_eq!(
            parsed,
            FieldsParam::Unknown(vec!["bogus".into(), "First_Name".into()])
        );
    }
}
