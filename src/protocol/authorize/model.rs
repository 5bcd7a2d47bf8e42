//! What an app asks, who it is, and what is known of the person and it.

use crate::platform::id::{AppId, GrantId, PersonId};
use crate::protocol::grants::ConsentRecord;
use crate::protocol::oauth::{Challenge, OAuthError, RedirectUri};
use crate::protocol::scope::ScopeSet;

/// The app behind a request, with what one person has decided about it.
#[derive(Debug, Clone)]
pub(super) struct ClientFacts {
    pub app: AppId,
    pub client_id: String,
    pub name: String,
    pub description: String,
    pub logo: Option<String>,
    pub website: Option<String>,
    pub privacy_policy: Option<String>,
    pub contact: Option<String>,
    pub owner: PersonId,
    pub owner_name: String,
    pub owner_username: String,
    pub is_public: bool,
    pub requires_pkce: bool,
    pub is_verified: bool,
    pub is_suspended: bool,
    pub admitted: i32,
    pub redirect_uris: Vec<RedirectUri>,
    pub live_grant: Option<GrantId>,
    pub was_admitted: bool,
    /// The person has closed their account and may still change their mind.
    pub is_leaving: bool,
    pub decided: ConsentRecord,
}

/// Where the answer goes, and what goes with it.
#[derive(Debug, Clone)]
pub(super) struct ResponseTarget {
    pub redirect_uri: RedirectUri,
    pub state: Option<String>,
    pub through: ResponseMode,
}

/// By whom the answer is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    /// A redirect.
    Redirect,
    /// The browser's own sign-in dialog, in which our page stands (FedCM, `IdentityProvider.resolve`):
    /// the code alone, for whoever called FedCM themselves.
    DialogCode,
    /// The same with the whole address a redirect would lead to, for our own script.
    DialogAddress,
}

impl ResponseMode {
    /// As `response_mode` says. Other words ask for a redirect, as they always did.
    pub(super) fn named(word: Option<&str>) -> Self {
        match word {
            Some("fedcm") => Self::DialogCode,
            Some("fedcm.query") => Self::DialogAddress,
            _ => Self::Redirect,
        }
    }

    /// As addresses and the database have it.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Redirect => None,
            Self::DialogCode => Some("fedcm"),
            Self::DialogAddress => Some("fedcm.query"),
        }
    }
}

impl ResponseTarget {
    /// What the dialog is given for a code: less for who asked for less.
    pub(super) fn token(&self, code: &str, issuer: &str) -> String {
        match self.through {
            ResponseMode::DialogCode => code.to_owned(),
            ResponseMode::DialogAddress | ResponseMode::Redirect => self.with_code(code, issuer),
        }
    }

    /// The address that carries a code (RFC 6749 §4.1.2, RFC 9207).
    pub(super) fn with_code(&self, code: &str, issuer: &str) -> String {
        self.with(&[("code", code)], issuer)
    }

    /// The address that carries a refusal (RFC 6749 §4.1.2.1, RFC 9207).
    pub(super) fn with_error(&self, error: &OAuthError, issuer: &str) -> String {
        let told = [
            ("error", error.code.as_str()),
            ("error_description", &error.description),
        ];
        self.with(&told, issuer)
    }

    fn with(&self, told: &[(&str, &str)], issuer: &str) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs = told.iter().copied().chain(state).chain([("iss", issuer)]);
        self.redirect_uri.with_query(pairs)
    }
}

/// A request whose client and redirect address are good and whose every parameter was read.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationRequest {
    pub return_to: ResponseTarget,
    pub scopes: ScopeSet,
    pub challenge: Option<Challenge>,
    /// `approval_prompt=force`: show the page whatever was decided.
    pub always_ask: bool,
}

/// What of an app may have changed while its page was open.
#[derive(Debug)]
pub(super) struct CurrentRegistration {
    pub name: String,
    pub redirect_uris: Vec<RedirectUri>,
    pub needs_challenge: bool,
}

/// What can only be told to the person: nothing may be sent to an address that is not proved to be
/// the app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NonRedirectableError {
    Repeated(&'static str),
    Unreadable,
    NoClient,
    UnknownClient,
    UnknownRedirect { app: String, asked: String },
    Suspended { app: String },
}
