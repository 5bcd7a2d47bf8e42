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
    pub state: Option<String>,
    pub approval_prompt: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub response_mode: Option<String>,
    /// The MAC that proves that our FedCM endpoint opened this page: see [`super::fedcm`].
    pub dialog: Option<String>,
}

impl AuthorizationParams {
    /// Reads the query or form body of a request. No parameter may come twice (RFC 6749 §3.1).
    pub(super) fn parse(encoded: &str) -> Result<Self, NonRedirectableError> {
        let params = FormParams::parse(encoded.as_bytes());
        Self::from_form(&params.ok_or(NonRedirectableError::UnreadableRequest)?)
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
            state: one("state")?,
            approval_prompt: one("approval_prompt")?,
            code_challenge: one("code_challenge")?,
            code_challenge_method: one("code_challenge_method")?,
            response_mode: one("response_mode")?,
            dialog: one("dialog")?,
        })
    }
}
