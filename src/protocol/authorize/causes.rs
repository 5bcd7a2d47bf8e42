//! The causes of refused authorization requests: how the log, the metrics and the app's page name and explain
//! them.

use crate::protocol::problems::ProblemCause;

macro_rules! causes {
    ($($constant:ident $name:literal $sentence:literal)*) => {
        $(pub(super) const $constant: ProblemCause = ProblemCause {
            name: $name,
            sentence: $sentence,
        };)*
        /// Every cause.
        pub const ALL: &[ProblemCause] = &[$($constant),*];
    };
}

causes! {
    NUL_CHARACTER "nul_character"
        "The request held a NUL character. Check how your program encodes the parameters."
    REQUEST_TOO_LONG "request_too_long"
        "The request was longer than 32 KiB. Send a short state, and keep on your side what it stands for."
    REPEATED_PARAMETER "repeated_parameter"
        "A parameter was sent more than once. Send each one once."
    MISSING_CLIENT_ID "missing_client_id"
        "client_id was missing."
    CLIENT_UNKNOWN "client_unknown"
        "There is no client with this id."
    CLIENT_SUSPENDED "client_suspended"
        "The app is suspended. Ask the people who run this service what has to change."
    UNREGISTERED_REDIRECT_URI "unregistered_redirect_uri"
        "The redirect_uri was not registered. Register exactly the address that your program sends."
    ORIGIN_MISMATCH "origin_mismatch"
        "The page that called FedCM and the redirect_uri had different origins. Register a redirect URI on the origin of the page."
    CLOSING_ACCOUNT "closing_account"
        "The person has closed their account."
    USER_CAP_REACHED "user_cap_reached"
        "The app is not verified and has as many people as such an app may have. Ask the people who run this service to verify it."
    CONSENT_PAGE_EXPIRED "consent_page_expired"
        "The consent page was answered before, or was open for more than an hour."
    MISSING_DECISION "missing_decision"
        "The consent form came without the person's decision."
    CLIENT_CHANGED "client_changed"
        "The app was changed while a consent page was open, and the request no longer fits. Send the person through the sign-in again."
    MISSING_RESPONSE_TYPE "missing_response_type"
        "response_type was missing. Send response_type=code."
    UNSUPPORTED_RESPONSE_TYPE "unsupported_response_type"
        "The response_type is not supported. Send response_type=code."
    STATE_TOO_LONG "state_too_long"
        "state was longer than 4096 bytes. Send a short one, and keep on your side what it stands for."
    UNSUPPORTED_CODE_CHALLENGE_METHOD "unsupported_code_challenge_method"
        "The code_challenge_method was not S256. Send code_challenge_method=S256."
    MALFORMED_CODE_CHALLENGE "malformed_code_challenge"
        "The code_challenge has the wrong form. It is the SHA-256 of the verifier in base64url without padding: 43 characters."
    CODE_CHALLENGE_METHOD_ALONE "code_challenge_method_alone"
        "There was a code_challenge_method without code_challenge. Send both or none."
    MISSING_CODE_CHALLENGE "missing_code_challenge"
        "The app must use PKCE and sent no code_challenge. Send code_challenge and code_challenge_method=S256."
    UNKNOWN_SCOPE "unknown_scope"
        "The request named a scope that does not exist. Check the spelling."
    UNREADABLE_SCOPE "unreadable_scope"
        "The scope could not be read."
    ACCESS_DENIED "access_denied"
        "The person did not allow it."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_named_once() {
        let mut names: Vec<_> = ALL.iter().map(|cause| cause.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
