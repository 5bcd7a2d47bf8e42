//! The `params` that a page passes to `navigator.credentials.get`: a JSON object with the parameters of an
//! authorization request.

use serde_json::Value;

use crate::platform::web::FormParams;

/// The parameters of the authorization request. A list of strings counts as one string with blanks, a
/// null as absent; anything else that is not a string makes the whole `None`.
pub(super) fn parse(client_id: &str, params: &str) -> Option<FormParams> {
    let params = match params {
        "" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).ok()?,
    };
    let Value::Object(params) = params else {
        return None;
    };
    let mut pairs = vec![("client_id".to_owned(), client_id.to_owned())];
    for (name, value) in params {
        // The browser has verified the client_id of the call; this one could be any.
        if name == "client_id" {
            continue;
        }
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Array(list) => {
                let words: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
                words?.join(" ")
            }
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        };
        pairs.push((name, value));
    }
    FormParams::from_pairs(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_are_those_of_an_authorization_request() {
        let params = r#"{"response_type":"code","scope":["basic","profile"],"state":"a b","client_id":"x","nonce":null}"#;
        let pairs = parse("app", params).unwrap();
        assert_eq!(pairs.one("client_id"), Ok(Some("app")));
        assert_eq!(pairs.text("scope"), "basic profile");
        assert_eq!(pairs.text("state"), "a b");
        assert!(!pairs.is_ticked("nonce"));
        assert_eq!(parse("app", "").unwrap().one("client_id"), Ok(Some("app")));
    }

    #[test]
    fn anything_but_an_object_of_strings_is_refused() {
        for bad in [
            "[]",
            "\"a\"",
            "{",
            "{\"state\":1}",
            "{\"state\":{}}",
            "{\"state\":[1]}",
            r#"{"state":"\u0000"}"#,
        ] {
            assert!(parse("app", bad).is_none(), "{bad}");
        }
    }
}
