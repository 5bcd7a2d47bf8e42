//! The parameters of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3), before any check.

use super::refusal::NonRedirectableError;
use crate::platform::web::{FormParams, RepeatedParameter};

/// The parameters as sent. An empty one counts as absent (RFC 6749 §3.1).
#[derive(Debug, Clone, Default)]
pub(super) struct AuthorizationParams {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub scope: Option<String>,
    /// The client's own, byte for byte: some clients send bytes that are not UTF-8.
    pub state: Option<Vec<u8>>,
    pub approval_prompt: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub response_mode: Option<String>,
    /// The MAC that proves that our FedCM endpoint opened this page: see [`super::fedcm`].
    pub dialog: Option<String>,
}

impl AuthorizationParams {
    /// Reads the query or form body of a request. No parameter may come twice (RFC 6749 §3.1).
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, NonRedirectableError> {
        let params = FormParams::parse(encoded).ok_or(NonRedirectableError::UnreadableRequest)?;
        let params = Self::from_form(&params)?;
        let state = decode_value(encoded, "state").filter(|_| params.state.is_some());
        Ok(Self { state, ..params })
    }

    pub(super) fn from_form(params: &FormParams) -> Result<Self, NonRedirectableError> {
        let one = |name| {
            let value = params.one(name).map(|value| value.map(str::to_owned));
            value.map_err(|RepeatedParameter(name)| NonRedirectableError::RepeatedParameter(name))
        };
        Ok(Self {
            client_id: one("client_id")?,
            redirect_uri: one("redirect_uri")?,
            response_type: one("response_type")?,
            scope: one("scope")?,
            state: one("state")?.map(String::into_bytes),
            approval_prompt: one("approval_prompt")?,
            code_challenge: one("code_challenge")?,
            code_challenge_method: one("code_challenge_method")?,
            response_mode: one("response_mode")?,
            dialog: one("dialog")?,
        })
    }
}

/// The bytes of a parameter. [`FormParams`] replaces those that are not UTF-8.
fn decode_value(encoded: &[u8], name: &str) -> Option<Vec<u8>> {
    let decode = |text: &[u8]| -> Vec<u8> {
        let plus_is_space = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
        let text: Vec<u8> = text.iter().map(plus_is_space).collect();
        percent_encoding::percent_decode(&text).collect()
    };
    let pairs = encoded.split(|byte| *byte == b'&');
    let mut pairs = pairs.filter_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at_checked(end)?;
        (decode(key) == name.as_bytes()).then(|| decode(value.get(1..).unwrap_or_default()))
    });
    pairs.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s7_state_is_read_byte_for_byte() {
        for (encoded, state) in [
            ("state=a+b%2Bc", Some(&b"a b+c"[..])),
            ("x=1&state=%ff%FE%00x", None),
            ("x=1&st%61te=%ff%FEx&y=%fe", Some(b"\xff\xfex")),
            ("state=%C3%A9%zz%", Some("é%zz%".as_bytes())),
            ("state=a=b==", Some(b"a=b==")),
            ("state=", None),
            ("state", None),
        ] {
            let params = AuthorizationParams::parse(encoded.as_bytes());
            let found = params.ok().and_then(|params| params.state);
            assert_eq!(found.as_deref(), state, "{encoded}");
        }
        let params = AuthorizationParams::parse(b"state=\xff\xe9").unwrap();
        assert_eq!(params.state.unwrap(), b"\xff\xe9");
        assert!(AuthorizationParams::parse(b"state=%ff&state=%fe").is_err());
    }
}
