//! What a page hands to the browser for us (`params`): a JSON object of what an authorization request
//! has in its query.

use serde_json::Value;

use crate::platform::web::FormParams;

/// The authorization request that a page makes by way of the browser. None for what is no object of
/// texts; a scope may be a list of them, and what is null is left out.
pub(super) fn read(client_id: &str, params: &str) -> Option<FormParams> {
    let params = match params {
        "" => Value::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).ok()?,
    };
    let Value::Object(params) = params else {
        return None;
    };
    let mut pairs = vec![("client_id".to_owned(), client_id.to_owned())];
    for (name, value) in params {
        // The browser vouches for the other one.
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
    fn params_are_the_query_of_an_authorization_request() {
        let params = r#"{"response_type":"code","scope":["basic","profile"],"state":"a b","client_id":"x","nonce":null}"#;
        let pairs = read("app", params).unwrap();
        assert_eq!(pairs.one("client_id"), Ok(Some("app")));
        assert_eq!(pairs.text("scope"), "basic profile");
        assert_eq!(pairs.text("state"), "a b");
        assert!(!pairs.is_checked("nonce"));
        assert_eq!(read("app", "").unwrap().one("client_id"), Ok(Some("app")));
    }

    #[test]
    fn what_is_no_object_of_texts_is_nothing() {
        for bad in [
            "[]",
            "\"a\"",
            "{",
            "{\"state\":1}",
            "{\"state\":{}}",
            "{\"state\":[1]}",
            r#"{"state":"\u0000"}"#,
        ] {
            assert!(read("app", bad).is_none(), "{bad}");
        }
    }
}
