//! Parses a mail request from JSON or a form. It reports all invalid fields, with the messages that old
//! clients know.

use lettre::Address;
use serde_json::{Map, Value, json};

use super::model::MailRequest;
use super::rules;

/// Error messages by field.
pub(super) type FieldErrors = Map<String, Value>;

/// Converts a form to JSON. The last value of a repeated field counts; `reply_to` collects all values.
pub(super) fn of_form(body: &[u8]) -> Value {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        let value = Value::from(value.into_owned());
        if name != "reply_to" {
            fields.insert(name.into_owned(), value);
        } else if let Some(Value::Array(list)) = fields.get_mut("reply_to") {
            list.push(value);
        } else {
            fields.insert(name.into_owned(), json!([value]));
        }
    }
    Value::Object(fields)
}

/// Parses a mail, or returns the errors of each field.
pub(super) fn read(sent: &Value) -> Result<MailRequest, FieldErrors> {
    let Some(fields) = sent.as_object() else {
        let what = format!(
            "Invalid data. Expected a dictionary, but got {}.",
            kind(sent)
        );
        return Err(FieldErrors::from_iter([(
            "non_field_errors".to_owned(),
            json!([what]),
        )]));
    };
    let parts = (
        text(fields.get("subject")).and_then(subject),
        text(fields.get("message")).and_then(|text| message(&text)),
        reply_to(fields.get("reply_to")),
    );
    match parts {
        (Ok(subject), Ok(message), Ok(reply_to)) => Ok(MailRequest {
            subject,
            message,
            reply_to,
        }),
        (subject, message, reply_to) => {
            let errors = [
                ("subject", subject.err().map(|why| json!([why]))),
                ("message", message.err().map(|why| json!([why]))),
                ("reply_to", reply_to.err()),
            ];
            let errors = errors
                .into_iter()
                .filter_map(|(field, why)| Some((field.to_owned(), why?)));
            Err(errors.collect())
        }
    }
}

const MISSING: &str = "This field is required.";
const NULL: &str = "This field may not be null.";
const BLANK: &str = "This field may not be blank.";
const NO_TEXT: &str = "Not a valid string.";
const NO_ADDRESS: &str = "Enter a valid email address.";

/// A trimmed text.
fn text(value: Option<&Value>) -> Result<String, &'static str> {
    let text = match value {
        None => return Err(MISSING),
        Some(Value::Null) => return Err(NULL),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(NO_TEXT),
    };
    if text.is_empty() {
        return Err(BLANK);
    }
    if text.contains('\0') {
        return Err("Null characters are not allowed.");
    }
    Ok(text)
}

fn subject(text: String) -> Result<String, &'static str> {
    if text.chars().count() > MailRequest::LONGEST_SUBJECT {
        return Err("Ensure this field has no more than 200 characters.");
    }
    if text.chars().any(rules::is_unsafe) {
        return Err("Write it on one line, without characters that turn the direction.");
    }
    Ok(text)
}

fn message(text: &str) -> Result<String, &'static str> {
    if text.len() > MailRequest::LONGEST_MESSAGE {
        return Err("Ensure this field has no more than 65536 bytes.");
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn reply_to(value: Option<&Value>) -> Result<Vec<Address>, Value> {
    let list = match value {
        None => return Err(json!([MISSING])),
        Some(Value::Null) => return Err(json!([NULL])),
        Some(Value::Array(list)) => list,
        Some(other) => {
            let what = format!("Expected a list of items but got type \"{}\".", kind(other));
            return Err(json!([what]));
        }
    };
    if list.len() > MailRequest::MOST_REPLY_TO {
        return Err(json!(["Ensure this field has no more than 20 elements."]));
    }
    let (mut addresses, mut wrong) = (Vec::new(), Map::new());
    for (position, item) in list.iter().enumerate() {
        match text(Some(item)).and_then(|text| address(&text).ok_or(NO_ADDRESS)) {
            Ok(address) => addresses.push(address),
            Err(why) => {
                wrong.insert(position.to_string(), json!([why]));
            }
        }
    }
    if wrong.is_empty() {
        Ok(addresses)
    } else {
        Err(Value::Object(wrong))
    }
}

/// A plain address: no quoting, ASCII only, no IP address, so that every mail server can reply to it and
/// it cannot inject header content.
fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    let atom = |character: char| {
        character.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(character)
    };
    let is_atom = |part: &str| !part.is_empty() && part.chars().all(atom);
    let is_label = |label: &str| {
        let plain = label
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    // `=?` would be parsed as an encoded word (RFC 2047 §5).
    let fits = text.len() <= 254
        && !text.contains("=?")
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label);
    fits.then(|| text.parse().ok()).flatten()
}

/// The type names that old clients know.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(sent: &Value) -> Value {
        Value::Object(read(sent).unwrap_err())
    }

    fn good() -> Value {
        json!({ "subject": " Dinner ", "message": "Rice\r\nand\rdal", "reply_to": [] })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut sent = good();
        sent[field] = value;
        sent
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let all = json!([MISSING]);
        assert_eq!(
            errors(&json!({ "other": 1 })),
            json!({ "subject": all, "message": all, "reply_to": all })
        );
        assert_eq!(
            errors(&json!({ "subject": "  ", "message": null, "reply_to": "a@b.example" })),
            json!({
                "subject": [BLANK], "message": [NULL],
                "reply_to": ["Expected a list of items but got type \"str\"."],
            })
        );
        assert_eq!(
            errors(&with("subject", json!(true))),
            json!({ "subject": [NO_TEXT] })
        );
        assert_eq!(
            errors(&json!([])),
            json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] })
        );
    }

    #[test]
    fn what_is_right_is_trimmed_and_its_lines_end_alike() {
        let mail = read(&good()).unwrap();
        assert_eq!(
            (mail.subject.as_str(), mail.message.as_str()),
            ("Dinner", "Rice\nand\ndal")
        );
        assert_eq!(read(&with("subject", json!(7))).unwrap().subject, "7");
        assert_eq!(format!("{mail:?}"), "Mail(…)");
    }

    #[test]
    fn sizes_are_counted_as_documented() {
        assert!(read(&with("subject", json!("é".repeat(200)))).is_ok());
        assert!(read(&with("subject", json!("é".repeat(201)))).is_err());
        assert!(read(&with("message", json!("a".repeat(65_536)))).is_ok());
        assert!(read(&with("message", json!("é".repeat(32_769)))).is_err());
        assert!(read(&with("reply_to", json!(vec!["a@b.example"; 20]))).is_ok());
        assert!(read(&with("reply_to", json!(vec!["a@b.example"; 21]))).is_err());
    }

    #[test]
    fn a_subject_is_one_line_that_runs_one_way() {
        for subject in [
            "a\nb",
            "a\rBcc: x",
            "a\u{2028}b",
            "a\u{85}b",
            "\u{202e}a",
            "a\0b",
            "a\u{1b}[0m",
        ] {
            assert!(
                read(&with("subject", json!(subject))).is_err(),
                "{subject:?}"
            );
        }
        for subject in ["=?utf-8?q?x?=", "मेस", "שלום", "🍛👩‍🍳"] {
            assert!(
                read(&with("subject", json!(subject))).is_ok(),
                "{subject:?}"
            );
        }
    }

    #[test]
    fn an_address_is_nothing_but_an_address() {
        let wrong = json!({ "reply_to": { "1": [NO_ADDRESS] } });
        for bad in [
            "a@b.example\r\nBcc: c@d.example",
            "<a@b.example>",
            "A <a@b.example>",
            "g: a@b.example;",
            "\"a b\"@c.example",
            "a@b.example, c@d.example",
            "a@@b.example",
            "a..b@c.example",
            "a@bücher.example",
            "ä@b.example",
            "a@[127.0.0.1]",
            "a@localhost",
            "=?utf-8?q?a?=@b.example",
            "a",
        ] {
            let sent = with("reply_to", json!(["ok@b.example", bad]));
            assert_eq!(errors(&sent), wrong, "{bad}");
        }
        let sent = with("reply_to", json!([{}, ""]));
        assert_eq!(
            errors(&sent),
            json!({ "reply_to": { "0": [NO_TEXT], "1": [BLANK] } })
        );
        assert!(read(&with("reply_to", json!(["o'neill+menu@b-c.example"]))).is_ok());
    }

    #[test]
    fn a_form_repeats_its_addresses() {
        let body = b"subject=a&subject=b&message=c+d&reply_to=a%40b.example&reply_to=c%40d.example";
        let mail = read(&of_form(body)).unwrap();
        assert_eq!((mail.subject.as_str(), mail.reply_to.len()), ("b", 2));
        assert!(read(&of_form(b"subject=a&message=b")).is_err());
    }
}
