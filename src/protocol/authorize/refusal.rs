//! Why an authorization request is refused, and where the error is shown.

use super::causes;
use super::model::{ClientFacts, ResponseTarget};
use crate::protocol::oauth::pkce::ChallengeError;
use crate::protocol::oauth::{OAuthError, OAuthErrorCode, RedirectMismatch};
use crate::protocol::problems::ProblemCause;
use crate::protocol::scope::UnknownScope;

/// A refused authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AuthorizeRefusal {
    /// Shown to the person on an error page.
    ErrorPage(NonRedirectableError),
    /// Sent to the client (RFC 6749 §4.1.2.1).
    Redirect {
        error: RedirectableError,
        target: ResponseTarget,
        /// The app's name, if it is not verified: the person confirms the redirect first. Otherwise anybody
        /// who registers an app could use this server as an open redirector (RFC 9700 §4.11.2).
        unverified_app: Option<String>,
    },
}

/// An error that is never sent to the redirect URI: either the URI is not proven to be the client's, or
/// the person has to act and not the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NonRedirectableError {
    UnreadableRequest,
    RequestTooLong,
    RepeatedParameter(&'static str),
    MissingClientId,
    UnknownClient,
    SuspendedClient {
        app: String,
    },
    UnregisteredRedirectUri {
        app: String,
        requested: String,
        mismatch: Option<RedirectMismatch>,
    },
    /// The page that called FedCM and the redirect URI have different origins.
    OriginMismatch,
    ClosingAccount {
        app: String,
    },
    UserCapReached {
        app: String,
    },
    /// The consent page was answered before, is too old or belongs to another person.
    ConsentPageExpired,
    /// The consent form has no valid `decision`.
    MissingDecision,
    /// While the consent page was open, the client was changed, suspended or deleted.
    ClientChanged,
}

/// An error that is sent to a redirect URI of the client (RFC 6749 §4.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RedirectableError {
    MissingResponseType,
    UnsupportedResponseType,
    StateTooLong,
    InvalidCodeChallenge(ChallengeError),
    MissingCodeChallenge,
    UnknownScope(UnknownScope),
    /// oxide-auth refuses the scopes, which the scope table does not let happen.
    UnreadableScope,
    /// The person pressed "deny".
    AccessDenied,
}

impl From<NonRedirectableError> for AuthorizeRefusal {
    fn from(error: NonRedirectableError) -> Self {
        Self::ErrorPage(error)
    }
}

impl AuthorizeRefusal {
    /// An error for this client at `target`.
    pub(super) fn redirect(
        error: RedirectableError,
        target: ResponseTarget,
        client: &ClientFacts,
    ) -> Self {
        Self::Redirect {
            error,
            target,
            unverified_app: (!client.is_verified).then(|| client.name.clone()),
        }
    }

    pub(super) fn cause(&self) -> ProblemCause {
        match self {
            Self::ErrorPage(error) => error.cause(),
            Self::Redirect { error, .. } => error.cause(),
        }
    }

    /// Whether the app's owner may see it. What concerns one person only, they may not.
    pub(super) fn concerns_client(&self) -> bool {
        !matches!(
            self,
            Self::ErrorPage(
                NonRedirectableError::ClosingAccount { .. }
                    | NonRedirectableError::ConsentPageExpired
                    | NonRedirectableError::MissingDecision
            ) | Self::Redirect {
                error: RedirectableError::AccessDenied,
                ..
            }
        )
    }
}

impl NonRedirectableError {
    fn cause(&self) -> ProblemCause {
        match self {
            Self::UnreadableRequest => causes::NUL_CHARACTER,
            Self::RequestTooLong => causes::REQUEST_TOO_LONG,
            Self::RepeatedParameter(_) => causes::REPEATED_PARAMETER,
            Self::MissingClientId => causes::MISSING_CLIENT_ID,
            Self::UnknownClient => causes::CLIENT_UNKNOWN,
            Self::SuspendedClient { .. } => causes::CLIENT_SUSPENDED,
            Self::UnregisteredRedirectUri { .. } => causes::UNREGISTERED_REDIRECT_URI,
            Self::OriginMismatch => causes::ORIGIN_MISMATCH,
            Self::ClosingAccount { .. } => causes::CLOSING_ACCOUNT,
            Self::UserCapReached { .. } => causes::USER_CAP_REACHED,
            Self::ConsentPageExpired => causes::CONSENT_PAGE_EXPIRED,
            Self::MissingDecision => causes::MISSING_DECISION,
            Self::ClientChanged => causes::CLIENT_CHANGED,
        }
    }
}

impl RedirectableError {
    /// The error response.
    pub(super) fn to_oauth_error(&self) -> OAuthError {
        match self {
            Self::MissingResponseType => {
                OAuthError::invalid_request("response_type is missing. Send response_type=code.")
            }
            Self::UnsupportedResponseType => OAuthError::new(
                OAuthErrorCode::UnsupportedResponseType,
                "Only response_type=code is served: tokens never travel in addresses.",
            ),
            Self::StateTooLong => OAuthError::invalid_request(
                "state is longer than 4096 bytes. Send a short one, and keep on your side what it stands for.",
            ),
            Self::InvalidCodeChallenge(error) => OAuthError::invalid_request(error.to_string()),
            Self::MissingCodeChallenge => OAuthError::invalid_request(
                "This app must use PKCE: send code_challenge and code_challenge_method=S256.",
            ),
            Self::UnknownScope(unknown) => {
                OAuthError::new(OAuthErrorCode::InvalidScope, unknown.advice())
            }
            Self::UnreadableScope => {
                OAuthError::new(OAuthErrorCode::InvalidScope, "The scope could not be read.")
            }
            Self::AccessDenied => {
                OAuthError::new(OAuthErrorCode::AccessDenied, "The person did not allow it.")
            }
        }
    }

    fn cause(&self) -> ProblemCause {
        match self {
            Self::MissingResponseType => causes::MISSING_RESPONSE_TYPE,
            Self::UnsupportedResponseType => causes::UNSUPPORTED_RESPONSE_TYPE,
            Self::StateTooLong => causes::STATE_TOO_LONG,
            Self::InvalidCodeChallenge(ChallengeError::NotS256) => {
                causes::UNSUPPORTED_CODE_CHALLENGE_METHOD
            }
            Self::InvalidCodeChallenge(ChallengeError::Malformed) => {
                causes::MALFORMED_CODE_CHALLENGE
            }
            Self::InvalidCodeChallenge(ChallengeError::MethodAlone) => {
                causes::CODE_CHALLENGE_METHOD_ALONE
            }
            Self::MissingCodeChallenge => causes::MISSING_CODE_CHALLENGE,
            Self::UnknownScope(_) => causes::UNKNOWN_SCOPE,
            Self::UnreadableScope => causes::UNREADABLE_SCOPE,
            Self::AccessDenied => causes::ACCESS_DENIED,
        }
    }
}
