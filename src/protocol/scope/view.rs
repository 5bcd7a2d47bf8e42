//! Which fields an app asks to read: the `fields` parameter of the user API.

use crate::people::fields::{Field, FieldSet};

/// What `fields=` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldsParam {
    Fields(FieldSet),
    /// Names that are no field, in the order they came, each once.
    Unknown(Vec<String>),
}

/// Reads a comma-separated list. Blanks round a name, empty items and repetitions mean nothing; one
/// unknown name spoils the whole, so that a typing error is found at once.
pub fn asked(list: &str) -> FieldsParam {
    let mut fields = FieldSet::EMPTY;
    let mut unknown: Vec<String> = Vec::new();
    for name in list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match Field::named(name) {
            Some(field) => fields.insert(field),
            None if unknown.iter().any(|known| known == name) => {}
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
    fn blanks_empty_items_and_repetitions_mean_nothing() {
        let expected = FieldsParam::Fields(FieldSet::from_iter([Field::FirstName]));
        assert_eq!(asked(" first_name , ,first_name"), expected);
        assert_eq!(asked(""), FieldsParam::Fields(FieldSet::EMPTY));
    }

    #[test]
    fn unknown_names_are_told_even_beside_known_ones() {
        let told = asked("first_name,bogus,First_Name,bogus");
        assert_eq!(
            told,
            FieldsParam::Unknown(vec!["bogus".into(), "First_Name".into()])
        );
    }
}
