//! How pages display the fields of a person.

use serde::Serialize;
use serde_json::Value;

use super::{Person, Programme};
use crate::people::fields::{Field, FieldKind};
use crate::platform::links::Links;

/// A field as pages display it.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DisplayValue {
    Text {
        text: String,
    },
    /// Hidden until the person opens it, because others may see the screen.
    Masked {
        short: String,
        full: String,
    },
    Picture {
        src: String,
    },
    List {
        items: Vec<String>,
    },
    Unset,
}

impl Person {
    /// A field as pages display it to the person.
    pub fn shown(&self, field: Field, links: &Links) -> DisplayValue {
        let value = self.field(field, links);
        match field.row().kind {
            FieldKind::Contacts => list(&value, "number", true),
            FieldKind::Emails => list(&value, "email", false),
            FieldKind::Address => join_parts(&value, &["hostel_name", "room"]),
            FieldKind::Programme => programme(self.programme.as_ref()),
            FieldKind::Picture => {
                value
                    .as_str()
                    .map_or(DisplayValue::Unset, |src| DisplayValue::Picture {
                        src: src.to_owned(),
                    })
            }
            FieldKind::Boolean => text(if value == Value::Bool(true) {
                "yes"
            } else {
                "no"
            }),
            FieldKind::Integer | FieldKind::Text | FieldKind::Sex => match to_text(&value) {
                Some(full) if field == Field::Mobile => mask(&full),
                Some(code) if field == Field::Type => text(&role_in_words(&code)),
                Some(full) => text(&full),
                None => DisplayValue::Unset,
            },
        }
    }
}

fn text(text: &str) -> DisplayValue {
    DisplayValue::Text {
        text: text.to_owned(),
    }
}

fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `98••••3210`: enough to recognise one's own number.
fn mask(full: &str) -> DisplayValue {
    let signs: Vec<char> = full.chars().collect();
    let short = match signs.as_slice() {
        [head @ .., _, _, _, _] if head.len() > 2 => {
            let head: String = head.iter().take(2).collect();
            let tail: String = signs.iter().skip(signs.len() - 4).collect();
            format!("{head}••••{tail}")
        }
        _ => "••••".to_owned(),
    };
    DisplayValue::Masked {
        short,
        full: full.to_owned(),
    }
}

fn list(value: &Value, member: &str, is_masked: bool) -> DisplayValue {
    let items = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| to_text(item.get(member)?));
    let items: Vec<String> = items.collect();
    match items.as_slice() {
        [] => DisplayValue::Unset,
        [one] if is_masked => mask(one),
        several if is_masked => DisplayValue::Masked {
            short: format!("{} numbers", several.len()),
            full: several.join(", "),
        },
        _ => DisplayValue::List { items },
    }
}

fn programme(programme: Option<&Programme>) -> DisplayValue {
    let Some(programme) = programme else {
        return DisplayValue::Unset;
    };
    let years = match (programme.join_year, programme.graduation_year) {
        (None, None) => None,
        (Some(year), None) => Some(format!("since {year}")),
        (None, Some(year)) => Some(format!("until {year}")),
        (Some(from), Some(to)) => Some(format!("{from}–{to}")),
    };
    let texts = [
        programme.degree_name.clone(),
        programme.department_name.clone(),
        years,
    ];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    if texts.is_empty() {
        DisplayValue::Unset
    } else {
        text(&texts.join(", "))
    }
}

/// A role in words, followed by the code that apps get. An unknown code is shown alone.
fn role_in_words(code: &str) -> String {
    let words = match code {
        "ug" => "Undergraduate",
        "pg" => "Postgraduate",
        "dd" => "Dual degree student",
        "rs" => "Research scholar",
        "fac" => "Faculty",
        "stf" => "Staff",
        "prjstf" => "Project staff",
        "intern" => "Intern",
        "institutional" => "Institutional account",
        "vendor" => "Vendor",
        _ => return code.to_owned(),
    };
    format!("{words} ({code})")
}

fn join_parts(value: &Value, members: &[&str]) -> DisplayValue {
    let texts = members
        .iter()
        .filter_map(|member| to_text(value.get(member)?));
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() {
        DisplayValue::Unset
    } else {
        text(&texts.join(", "))
    }
}

#[cfg(test)]
impl DisplayValue {
    /// One of each kind, for samples of pages.
    pub(crate) fn samples() -> Vec<Self> {
        let src = "/media/profile_picture/a.jpg".to_owned();
        let items = vec!["asha@home.example".to_owned()];
        vec![
            text("7"),
            mask("9876543210"),
            Self::Picture { src },
            Self::List { items },
            Self::Unset,
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_shows_its_ends() {
        let DisplayValue::Masked { short, .. } = mask("9876543210") else {
            panic!()
        };
        assert_eq!(short, "98••••3210");
        let DisplayValue::Masked { short, .. } = mask("123") else {
            panic!()
        };
        assert_eq!(short, "••••");
    }

    #[test]
    fn lists_and_objects_read_as_text() {
        let numbers = json!([{"id": 1, "number": "9876543210"}, {"id": 2, "number": "1"}]);
        let expected = DisplayValue::Masked {
            short: "2 numbers".into(),
            full: "9876543210, 1".into(),
        };
        assert_eq!(list(&numbers, "number", true), expected);
        assert_eq!(list(&json!([]), "email", false), DisplayValue::Unset);
        let address = json!({"id": 1, "hostel_name": "Hostel 14", "room": null});
        assert_eq!(
            join_parts(&address, &["hostel_name", "room"]),
            text("Hostel 14")
        );
        assert_eq!(join_parts(&Value::Null, &["room"]), DisplayValue::Unset);
    }
}
