//! The facts that decide an authorization request, and the request once it is validated.

use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::id::{AppId, GrantId, PersonId};
use crate::protocol::grants::ConsentRecord;
use crate::protocol::oauth::{Challenge, OAuthError, RedirectUri};
use crate::protocol::scope::ScopeSet;

/// What one statement loads for a request whose client exists.
#[derive(Debug, Clone)]
pub(super) struct AuthorizeFacts {
    pub client: ClientFacts,
    /// `None`: nobody is signed in.
    pub session: Option<SessionFacts>,
    pub consent: ConsentFacts,
}

/// The client, as it is registered now.
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
    /// How many people have ever connected the app, its owner not counted.
    pub user_count: i32,
    pub redirect_uris: Vec<RedirectUri>,
}

/// The person who is signed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionFacts {
    pub person: PersonId,
    /// The epoch of the session.
    pub epoch: CredentialEpoch,
    /// The account is closed and will be deleted, unless the person keeps it.
    pub is_closing_account: bool,
}

/// The person's earlier decisions about the client. Without a session there are none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ConsentFacts {
    pub live_grant: Option<GrantId>,
    /// The person has connected the app before, even if the grant has ended since.
    pub is_existing_user: bool,
    pub record: ConsentRecord,
}

/// Where the authorization response goes, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResponseTarget {
    pub redirect_uri: RedirectUri,
    pub state: Option<Vec<u8>>,
    pub response_mode: ResponseMode,
}

/// How the authorization response reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    /// A redirect with the parameters in the query.
    Query,
    /// FedCM's `IdentityProvider.resolve` with the code alone, for pages that call FedCM themselves.
    FedcmCode,
    /// FedCM's `IdentityProvider.resolve` with the whole redirect URL, for the sign-in button.
    FedcmUrl,
}

impl ResponseMode {
    /// Reads `response_mode`. Unknown values mean a redirect, as in Gymkhana Profiles.
    pub(super) fn parse(value: Option<&str>) -> Self {
        match value {
            Some("fedcm") => Self::FedcmCode,
            Some("fedcm.query") => Self::FedcmUrl,
            _ => Self::Query,
        }
    }

    /// The value of `response_mode`, in addresses and in the database; `None` is the default.
    pub(super) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Query => None,
            Self::FedcmCode => Some("fedcm"),
            Self::FedcmUrl => Some("fedcm.query"),
        }
    }
}

impl ResponseTarget {
    /// The redirect URL that carries a code (RFC 6749 §4.1.2, RFC 9207).
    pub(super) fn code_url(&self, code: &str, issuer: &str) -> String {
        self.url_with(&[("code", code)], issuer)
    }

    /// The redirect URL that carries an error (RFC 6749 §4.1.2.1, RFC 9207).
    pub(super) fn error_url(&self, error: &OAuthError, issuer: &str) -> String {
        let parameters = [
            ("error", error.code.as_str()),
            ("error_description", &error.description),
        ];
        self.url_with(&parameters, issuer)
    }

    /// The `token` that FedCM passes to the page.
    pub(super) fn fedcm_token(&self, code: &str, issuer: &str) -> String {
        match self.response_mode {
            ResponseMode::FedcmCode => code.to_owned(),
            ResponseMode::FedcmUrl | ResponseMode::Query => self.code_url(code, issuer),
        }
    }

    fn url_with(&self, parameters: &[(&'static str, &str)], issuer: &str) -> String {
        let bytes = |(name, value): &(&'static str, &str)| (*name, value.as_bytes().to_vec());
        let state = self.state.clone().map(|state| ("state", state));
        let issuer = ("iss", issuer.as_bytes().to_vec());
        let parameters = parameters.iter().map(bytes).chain(state);
        self.redirect_uri.with_query(parameters.chain([issuer]))
    }
}

/// A validated authorization request (RFC 6749 §4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthorizationRequest {
    pub target: ResponseTarget,
    pub scopes: ScopeSet,
    pub code_challenge: Option<Challenge>,
    /// `approval_prompt=force`: show the consent page even if earlier consent covers the request.
    pub forces_consent: bool,
}

/// What the owner of an app may have changed while its consent page was open.
#[derive(Debug)]
pub(super) struct CurrentRegistration {
    pub name: String,
    pub redirect_uris: Vec<RedirectUri>,
    pub must_use_pkce: bool,
}
