//! Why a request to the token or the revocation endpoint is refused.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::replay::ReplayedFamily;
use crate::platform::db;
use crate::platform::id::AppId;
use crate::platform::rate_limits::RateLimited;
use crate::platform::web::{AllowedOrigins, OAuthErrorResponse, RepeatedParameter};
use crate::protocol::oauth::{OAuthError, OAuthErrorCode, PkceError};
use crate::protocol::problems::ProblemCause;
use crate::protocol::scope::UnknownScope;

/// A refusal: its cause for the log, the metrics and the app's owner ([`Refusal::cause`]), and an error
/// code and a sentence for the client ([`Refusal::error`]). Causes that would help an attacker to tell
/// tokens apart share one sentence.
#[derive(Debug)]
pub(super) enum Refusal {
    // The request (RFC 6749 §3.2, §5.2)
    ParametersInQuery,
    BodyIncomplete(StatusCode),
    NulCharacter,
    MissingParameter(&'static str),
    RepeatedParameter(RepeatedParameter),
    MissingGrantType,
    UnsupportedGrantType,
    UnknownScope(UnknownScope),
    // The client (RFC 6749 §2.3)
    ClientUnauthenticated,
    ClientUnknown,
    ClientSecretWrong,
    ClientSuspended,
    RateLimited(RateLimited),
    // The client's own token (RFC 6749 §4.4)
    ClientCredentialsOfPublicClient,
    ClientCredentialsNotAllowed,
    UnknownAppScope,
    // The code (RFC 6749 §4.1.3)
    CodeUnknown,
    CodeExpired,
    CodeUsedJustNow,
    /// Everything issued from the code ends (RFC 6749 §4.1.2).
    CodeReplayed(ReplayedFamily),
    CodeOfAnotherClient {
        owner: AppId,
    },
    CodeGrantEnded,
    RedirectUriMismatch,
    Pkce(PkceError),
    /// The client has become public since: nothing would prove who presents the code.
    PublicClientWithoutPkce,
    // The refresh token (RFC 6749 §6)
    RefreshTokenUnknown,
    RefreshTokenExpired,
    RefreshTokenRevoked,
    /// Everything descended from the same code ends (RFC 9700 §4.14.2).
    RefreshTokenReplayed(ReplayedFamily),
    RefreshTokenOfAnotherClient,
    RefreshTokenGrantEnded,
    /// Its response cannot be repeated: other requests with the same token were faster, twice, or the
    /// server's key has changed.
    RefreshTokenUsedJustNow,
    ScopeWidened,
}

const PUBLIC_APP_TOKEN: &str =
    "A public client has no secret, so it cannot get a token for itself.";
const APP_TOKEN_NOT_ALLOWED: &str = "This app may not get a token for itself. The people who run this service can allow it: profiles app allow.";
const UNKNOWN_APP_SCOPE: &str = "client_credentials gives an app a token of its own, with the scope look_ups only. To read a person's fields, send the person through the sign-in.";
const SCOPE_WIDENED: &str = "A refresh can narrow the scope, not widen it. Send the person through the sign-in to ask for more.";
const UNUSABLE_CODE: &str = "The code is unknown, used, too old, or belongs to another client or redirect_uri. Start the sign-in again.";
const UNUSABLE_REFRESH_TOKEN: &str = "The refresh token is unknown, used, ended or belongs to another client. Send the person through the sign-in again.";

impl Refusal {
    /// The cause, for the log, the metrics and the app's owner.
    pub(super) fn cause(&self) -> ProblemCause {
        match self {
            Self::ParametersInQuery => causes::PARAMETERS_IN_QUERY,
            Self::BodyIncomplete(_) => causes::BODY_INCOMPLETE,
            Self::NulCharacter => causes::NUL_CHARACTER,
            Self::MissingParameter(_) => causes::MISSING_PARAMETER,
            Self::RepeatedParameter(_) => causes::REPEATED_PARAMETER,
            Self::MissingGrantType => causes::MISSING_GRANT_TYPE,
            Self::UnsupportedGrantType => causes::UNSUPPORTED_GRANT_TYPE,
            Self::UnknownScope(_) => causes::UNKNOWN_SCOPE,
            Self::ClientUnauthenticated => causes::CLIENT_UNAUTHENTICATED,
            Self::ClientUnknown => causes::CLIENT_UNKNOWN,
            Self::ClientSecretWrong => causes::CLIENT_SECRET_WRONG,
            Self::ClientSuspended => causes::CLIENT_SUSPENDED,
            Self::RateLimited(_) => causes::RATE_LIMITED,
            Self::ClientCredentialsOfPublicClient => causes::CLIENT_CREDENTIALS_OF_PUBLIC_CLIENT,
            Self::ClientCredentialsNotAllowed => causes::CLIENT_CREDENTIALS_NOT_ALLOWED,
            Self::UnknownAppScope => causes::UNKNOWN_APP_SCOPE,
            Self::CodeUnknown => causes::CODE_UNKNOWN,
            Self::CodeExpired => causes::CODE_EXPIRED,
            Self::CodeUsedJustNow => causes::CODE_USED_JUST_NOW,
            Self::CodeReplayed(_) => causes::CODE_REPLAYED,
            Self::CodeOfAnotherClient { .. } => causes::CODE_OF_ANOTHER_CLIENT,
            Self::RedirectUriMismatch => causes::REDIRECT_URI_MISMATCH,
            Self::Pkce(PkceError::Missing) => causes::PKCE_MISSING,
            Self::Pkce(PkceError::Unexpected) => causes::PKCE_UNEXPECTED,
            Self::Pkce(PkceError::Malformed) => causes::PKCE_MALFORMED,
            Self::Pkce(PkceError::Mismatch) => causes::PKCE_MISMATCH,
            Self::PublicClientWithoutPkce => causes::PUBLIC_CLIENT_WITHOUT_PKCE,
            Self::CodeGrantEnded | Self::RefreshTokenGrantEnded => causes::GRANT_ENDED,
            Self::RefreshTokenUnknown => causes::REFRESH_TOKEN_UNKNOWN,
            Self::RefreshTokenExpired => causes::REFRESH_TOKEN_EXPIRED,
            Self::RefreshTokenRevoked => causes::REFRESH_TOKEN_REVOKED,
            Self::RefreshTokenReplayed(_) => causes::REFRESH_TOKEN_REPLAYED,
            Self::RefreshTokenOfAnotherClient => causes::REFRESH_TOKEN_OF_ANOTHER_CLIENT,
            Self::RefreshTokenUsedJustNow => causes::REFRESH_TOKEN_USED_JUST_NOW,
            Self::ScopeWidened => causes::SCOPE_WIDENED,
        }
    }

    /// The error code and the sentence for the client (RFC 6749 §5.2).
    fn error(&self) -> OAuthError {
        match self {
            Self::ParametersInQuery => OAuthError::invalid_request(
                "Send the parameters in the body: addresses end up in logs.",
            ),
            Self::BodyIncomplete(_) => {
                OAuthError::invalid_request("The body is too large or did not arrive whole.")
            }
            Self::NulCharacter => OAuthError::invalid_request("The body holds a NUL character."),
            Self::MissingParameter(name) => {
                OAuthError::invalid_request(format!("The parameter {name} is missing."))
            }
            Self::RepeatedParameter(repeated) => OAuthError::invalid_request(repeated.to_string()),
            Self::MissingGrantType => OAuthError::unsupported_grant_type(
                "grant_type is missing. Send authorization_code, refresh_token or client_credentials in a form body.",
            ),
            Self::UnsupportedGrantType => OAuthError::unsupported_grant_type(
                "Only authorization_code, refresh_token and client_credentials are supported.",
            ),
            Self::UnknownScope(unknown) => OAuthError::invalid_scope(unknown.advice()),
            Self::ClientUnauthenticated => OAuthError::new(
                OAuthErrorCode::InvalidClient,
                "Say which client this is: HTTP Basic, or client_id and client_secret in the body.",
            ),
            Self::ClientUnknown
            | Self::ClientSecretWrong
            | Self::ClientSuspended
            | Self::RateLimited(_) => OAuthError::invalid_client(),
            Self::ClientCredentialsOfPublicClient => {
                OAuthError::unauthorized_client(PUBLIC_APP_TOKEN)
            }
            Self::ClientCredentialsNotAllowed => {
                OAuthError::unauthorized_client(APP_TOKEN_NOT_ALLOWED)
            }
            Self::UnknownAppScope => OAuthError::invalid_scope(UNKNOWN_APP_SCOPE),
            Self::CodeUnknown
            | Self::CodeExpired
            | Self::CodeUsedJustNow
            | Self::CodeReplayed(_)
            | Self::CodeOfAnotherClient { .. }
            | Self::CodeGrantEnded
            | Self::PublicClientWithoutPkce => OAuthError::invalid_grant(UNUSABLE_CODE),
            Self::RedirectUriMismatch => OAuthError::invalid_grant(
                "redirect_uri is not the one the sign-in began with. Send the same.",
            ),
            Self::Pkce(PkceError::Malformed) => {
                OAuthError::invalid_request(PkceError::Malformed.to_string())
            }
            Self::Pkce(error) => OAuthError::invalid_grant(error.to_string()),
            Self::RefreshTokenUnknown
            | Self::RefreshTokenExpired
            | Self::RefreshTokenRevoked
            | Self::RefreshTokenReplayed(_)
            | Self::RefreshTokenOfAnotherClient
            | Self::RefreshTokenGrantEnded
            | Self::RefreshTokenUsedJustNow => OAuthError::invalid_grant(UNUSABLE_REFRESH_TOKEN),
            Self::ScopeWidened => OAuthError::invalid_scope(SCOPE_WIDENED),
        }
    }
}

impl From<Refusal> for OAuthErrorResponse {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RateLimited(limited) => Self::rate_limited(limited),
            Refusal::BodyIncomplete(status) => {
                let error = refusal.error();
                Self::new(status, error.code.as_str(), error.description)
            }
            _ => refusal.error().into(),
        }
    }
}

impl From<OAuthError> for OAuthErrorResponse {
    fn from(error: OAuthError) -> Self {
        if error.code == OAuthErrorCode::InvalidClient {
            // RFC 6749 §5.2 and RFC 9110 §15.5.2: a 401 carries a challenge.
            return Self::new(
                StatusCode::UNAUTHORIZED,
                error.code.as_str(),
                error.description,
            )
            .with_basic_challenge();
        }
        Self::new(
            StatusCode::BAD_REQUEST,
            error.code.as_str(),
            error.description,
        )
    }
}

impl From<RepeatedParameter> for Refusal {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::RepeatedParameter(repeated)
    }
}

/// A request that is not answered as its client wished.
#[derive(Debug)]
pub(super) struct RequestError {
    pub kind: RequestErrorKind,
    /// The client's app, or the app that the client claims to be.
    pub app: Option<AppId>,
    /// The app's origins, for browsers.
    pub origins: Vec<String>,
}

#[derive(Debug)]
pub(super) enum RequestErrorKind {
    Refused(Refusal),
    Database(db::Error),
}

impl RequestError {
    /// The error with the app that the request came from.
    pub(super) fn of_app(self, app: AppId, origins: &[String]) -> Self {
        Self {
            app: Some(app),
            origins: origins.to_vec(),
            ..self
        }
    }
}

impl From<Refusal> for RequestError {
    fn from(refusal: Refusal) -> Self {
        Self {
            kind: RequestErrorKind::Refused(refusal),
            app: None,
            origins: Vec::new(),
        }
    }
}

impl From<db::Error> for RequestError {
    fn from(error: db::Error) -> Self {
        Self {
            kind: RequestErrorKind::Database(error),
            app: None,
            origins: Vec::new(),
        }
    }
}

/// A response that pages of these origins may read.
pub(super) fn allow_origins(response: impl IntoResponse, origins: Vec<String>) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(AllowedOrigins(origins));
    response
}

/// The causes as the log, the metrics and the app's page name and explain them.
pub(super) mod causes {
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
        PARAMETERS_IN_QUERY "parameters_in_query"
            "The request had parameters in its address. Send them in the body of the POST."
        BODY_INCOMPLETE "body_incomplete"
            "The body was too large or did not arrive whole. Send only the parameters."
        NUL_CHARACTER "nul_character"
            "The body held a NUL character. Check how your program encodes the form."
        MISSING_PARAMETER "missing_parameter"
            "A parameter was missing. Send every parameter that the documentation lists, as a form."
        REPEATED_PARAMETER "repeated_parameter"
            "A parameter was sent more than once. Send each one once."
        MISSING_GRANT_TYPE "missing_grant_type"
            "There was no grant_type. Send the parameters as a form, not as JSON."
        UNSUPPORTED_GRANT_TYPE "unsupported_grant_type"
            "The grant_type is not supported. Use authorization_code, refresh_token or client_credentials."
        UNKNOWN_SCOPE "unknown_scope"
            "The request named a scope that does not exist. Check the spelling."
        CLIENT_UNAUTHENTICATED "client_unauthenticated"
            "The request did not say which client sent it. Send the client id and the secret."
        CLIENT_UNKNOWN "client_unknown"
            "There is no client with this id. Copy the client id from this page."
        CLIENT_SECRET_WRONG "client_secret_wrong"
            "The client secret was wrong or missing. Check which secret your server uses, or make a new one here."
        CLIENT_SUSPENDED "client_suspended"
            "The app is suspended. Ask the people who run this service what has to change."
        RATE_LIMITED "rate_limited"
            "There were too many requests with a wrong secret. Correct the secret, then wait a minute."
        CLIENT_CREDENTIALS_OF_PUBLIC_CLIENT "client_credentials_of_public_client"
            "The app is public and asked for a token of its own. Only a confidential client can have one."
        CLIENT_CREDENTIALS_NOT_ALLOWED "client_credentials_not_allowed"
            "The app asked for a token of its own and may not have one. Ask the people who run this service for the permission to look people up."
        UNKNOWN_APP_SCOPE "unknown_app_scope"
            "The app asked for a token of its own with a scope other than look_ups. Send the person through the sign-in to read their fields."
        CODE_UNKNOWN "code_unknown"
            "The code does not exist. Send it exactly as it arrived at your redirect URI."
        CODE_EXPIRED "code_expired"
            "The code was too old. Exchange it as soon as it arrives."
        CODE_USED_JUST_NOW "code_used_just_now"
            "The code was sent twice within a few seconds. Exchange it once; a reload of your redirect URI must not repeat it."
        CODE_REPLAYED "code_replayed"
            "A code came back that had been used, so the login it belongs to was ended. Exchange each code once and keep it out of logs."
        CODE_OF_ANOTHER_CLIENT "code_of_another_client"
            "The code was issued to another app. Check which client id your program signs in with."
        REDIRECT_URI_MISMATCH "redirect_uri_mismatch"
            "The redirect_uri was not the one that the sign-in began with. Send the same in both requests."
        PKCE_MISSING "pkce_missing"
            "The code_verifier was missing: the sign-in began with a code_challenge. Send the verifier that belongs to it."
        PKCE_UNEXPECTED "pkce_unexpected"
            "There was a code_verifier, but the sign-in began without code_challenge. Send both or none."
        PKCE_MALFORMED "pkce_malformed"
            "The code_verifier has the wrong form. It has 43 to 128 characters of A-Z a-z 0-9 - . _ ~"
        PKCE_MISMATCH "pkce_mismatch"
            "The code_verifier did not fit the code_challenge. Keep one verifier for each sign-in, in the session that began it."
        PUBLIC_CLIENT_WITHOUT_PKCE "public_client_without_pkce"
            "The app is public, and the sign-in began without PKCE. Send a code_challenge when the sign-in begins."
        GRANT_ENDED "grant_ended"
            "The person has removed the app's access, or their account has ended. Send them through the sign-in again."
        REFRESH_TOKEN_UNKNOWN "refresh_token_unknown"
            "The refresh token does not exist. Keep the newest one of each login."
        REFRESH_TOKEN_EXPIRED "refresh_token_expired"
            "The refresh token was too old. Send the person through the sign-in again."
        REFRESH_TOKEN_REVOKED "refresh_token_revoked"
            "The app has revoked this login. Delete its tokens, and send the person through the sign-in again."
        REFRESH_TOKEN_REPLAYED "refresh_token_replayed"
            "A token came back that had been replaced, while the newer one was in use, so the login was ended and the person was told. Store the new pair where all your processes read it, and delete the old one."
        REFRESH_TOKEN_OF_ANOTHER_CLIENT "refresh_token_of_another_client"
            "The refresh token was issued to another app. Check which client id your program uses."
        REFRESH_TOKEN_USED_JUST_NOW "refresh_token_used_just_now"
            "The refresh token was used, and its response cannot be repeated: many requests used it at once, or the key of this service has changed. Send the person through the sign-in again."
        SCOPE_WIDENED "scope_widened"
            "A refresh asked for more than was granted. Send the person through the sign-in to ask for more."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_named_once() {
        let mut names: Vec<_> = causes::ALL.iter().map(|cause| cause.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn codes_that_cannot_be_used_look_alike_to_the_client() {
        let unknown = Refusal::CodeUnknown.error();
        for refusal in [
            Refusal::CodeExpired,
            Refusal::CodeUsedJustNow,
            Refusal::CodeGrantEnded,
            Refusal::PublicClientWithoutPkce,
        ] {
            assert_eq!(refusal.error(), unknown);
            assert_ne!(refusal.cause(), Refusal::CodeUnknown.cause());
        }
    }
}
