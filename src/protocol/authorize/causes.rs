//! The causes of refused authorization requests, as rows: the word in the log and the metrics, and the
//! sentence for the app's owner.

use crate::protocol::problems::ProblemCause;

const fn cause(name: &'static str, sentence: &'static str) -> ProblemCause {
    ProblemCause { name, sentence }
}

pub(super) const UNREADABLE_REQUEST: ProblemCause = cause(
    "unreadable_request",
    "The request holds a NUL character. Encode the parameters as application/x-www-form-urlencoded.",
);
pub(super) const REPEATED_PARAMETER: ProblemCause = cause(
    "repeated_parameter",
    "A parameter was sent more than once. Send each parameter once.",
);
pub(super) const MISSING_CLIENT_ID: ProblemCause =
    cause("missing_client_id", "client_id is missing.");
pub(super) const UNKNOWN_CLIENT: ProblemCause =
    cause("unknown_client", "No app has this client_id.");
pub(super) const SUSPENDED_CLIENT: ProblemCause = cause(
    "suspended_client",
    "The app is suspended. Nobody can sign in with it.",
);
pub(super) const UNREGISTERED_REDIRECT_URI: ProblemCause = cause(
    "unregistered_redirect_uri",
    "The redirect_uri is not registered. Register exactly the address that the app sends.",
);
pub(super) const ORIGIN_MISMATCH: ProblemCause = cause(
    "origin_mismatch",
    "The page that called FedCM and the redirect_uri have different origins.",
);
pub(super) const CLOSING_ACCOUNT: ProblemCause =
    cause("closing_account", "The person has closed their account.");
pub(super) const USER_CAP_REACHED: ProblemCause = cause(
    "user_cap_reached",
    "The app is not verified and has as many people as such an app may have.",
);
pub(super) const CONSENT_PAGE_EXPIRED: ProblemCause = cause(
    "consent_page_expired",
    "The consent page was answered before, or was open for more than an hour.",
);
pub(super) const MISSING_DECISION: ProblemCause = cause(
    "missing_decision",
    "The consent form came without the person's decision.",
);
pub(super) const CLIENT_CHANGED: ProblemCause = cause(
    "client_changed",
    "The app was changed while the consent page was open, so that the request was no longer valid.",
);
pub(super) const MISSING_RESPONSE_TYPE: ProblemCause = cause(
    "missing_response_type",
    "response_type is missing. Send response_type=code.",
);
pub(super) const UNSUPPORTED_RESPONSE_TYPE: ProblemCause = cause(
    "unsupported_response_type",
    "response_type is not code. Send response_type=code.",
);
pub(super) const STATE_TOO_LONG: ProblemCause = cause(
    "state_too_long",
    "state is longer than 4096 bytes. Send a short one.",
);
pub(super) const UNSUPPORTED_CODE_CHALLENGE_METHOD: ProblemCause = cause(
    "unsupported_code_challenge_method",
    "code_challenge_method is not S256.",
);
pub(super) const MALFORMED_CODE_CHALLENGE: ProblemCause = cause(
    "malformed_code_challenge",
    "code_challenge is not the SHA-256 of a verifier in base64url without padding.",
);
pub(super) const CODE_CHALLENGE_METHOD_ALONE: ProblemCause = cause(
    "code_challenge_method_alone",
    "code_challenge_method was sent without code_challenge.",
);
pub(super) const MISSING_CODE_CHALLENGE: ProblemCause = cause(
    "missing_code_challenge",
    "The app must use PKCE and sent no code_challenge.",
);
pub(super) const UNKNOWN_SCOPE: ProblemCause =
    cause("unknown_scope", "scope names a scope that does not exist.");
pub(super) const UNREADABLE_SCOPE: ProblemCause =
    cause("unreadable_scope", "The scope could not be read.");
pub(super) const ACCESS_DENIED: ProblemCause =
    cause("access_denied", "The person did not allow it.");

/// Every cause of this endpoint, so that an app's page can look up the sentence of a stored one.
pub const AUTHORIZE_CAUSES: &[ProblemCause] = &[
    UNREADABLE_REQUEST,
    REPEATED_PARAMETER,
    MISSING_CLIENT_ID,
    UNKNOWN_CLIENT,
    SUSPENDED_CLIENT,
    UNREGISTERED_REDIRECT_URI,
    ORIGIN_MISMATCH,
    CLOSING_ACCOUNT,
    USER_CAP_REACHED,
    CONSENT_PAGE_EXPIRED,
    MISSING_DECISION,
    CLIENT_CHANGED,
    MISSING_RESPONSE_TYPE,
    UNSUPPORTED_RESPONSE_TYPE,
    STATE_TOO_LONG,
    UNSUPPORTED_CODE_CHALLENGE_METHOD,
    MALFORMED_CODE_CHALLENGE,
    CODE_CHALLENGE_METHOD_ALONE,
    MISSING_CODE_CHALLENGE,
    UNKNOWN_SCOPE,
    UNREADABLE_SCOPE,
    ACCESS_DENIED,
];
