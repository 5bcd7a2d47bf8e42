//! Lenient deserialisation of the portal's JSON.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::reply::Institute;

pub(super) fn parse_json<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// Like [`optional_text`], but a field that is present without a text is the empty string.
pub(super) fn text_or_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    optional_text(deserializer).map(|text| text.or_else(|| Some(String::new())))
}

/// Like [`optional_text`], for a field that must be present; its value may be empty.
pub(super) fn required_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    optional_text(deserializer).map(Option::unwrap_or_default)
}

/// The first readable item of a list.
pub(super) fn first_institute<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Institute>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        List(Vec<Maybe>),
        Other(IgnoredAny),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe {
        Institute(Institute),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::List(list) => list.into_iter().find_map(|item| match item {
            Maybe::Institute(institute) => Some(institute),
            Maybe::Other(_) => None,
        }),
        Either::Other(_) => None,
    })
}

/// A string, or a number as a string; `None` for anything else.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(i64),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => Some(text),
        Either::Number(number) => Some(number.to_string()),
        Either::Other(_) => None,
    })
}
