//! The bridge to oxide-auth. Its `code_grant` machines are the skeleton of every flow: each output of a
//! machine is a step, which the caller answers from facts that were loaded before. So a
//! flow is a pure function, and no connection is held while a machine runs.
//!
//! The machines decide the order of the steps, whether client and redirect URI belong to a code, and whether
//! a refresh widens the scope. They do not judge time ([`FOREVER`]), replay, or the bytes of a redirect URI:
//! those rules stand beside the answers, in `token::grant_types`. Their error codes are not used, because they
//! differ from the RFCs' (an unknown code is `invalid_request` there).

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::code_grant::{accesstoken, authorization, refresh, resource};
use oxide_auth::primitives::grant::{Extensions, Grant};
use oxide_auth::primitives::issuer::{IssuedToken, RefreshedToken, TokenType};
use oxide_auth::primitives::registrar::{BoundClient, PreGrant, RegisteredUrl};
use oxide_auth::primitives::scope::Scope as OxideScope;
use url::Url;

use super::{OAuthError, OAuthErrorCode};
use crate::platform::clock::Timestamp;
use crate::platform::secret::Secret;
use crate::protocol::scope::{Scope, ScopeSet};

/// oxide-auth reads the system clock. Grants handed to it never end, so that only our own rules, which take
/// the time as an argument, decide whether something has expired.
const FOREVER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// Names in the table of scopes are scope tokens (RFC 6749 §3.3), so this always parses.
fn oxide_scope(scopes: ScopeSet) -> Result<OxideScope, OAuthError> {
    let parsed = scopes.to_string().parse();
    parsed
        .map_err(|_| OAuthError::new(OAuthErrorCode::InvalidScope, "The scope could not be read."))
}

fn url(text: &str) -> Result<Url, OAuthError> {
    text.parse()
        .map_err(|_| OAuthError::invalid_request("redirect_uri is not an absolute address."))
}

// ---------------------------------------------------------------------------------------------
// Authorization requests (RFC 6749 §4.1.1)

/// The parameters of an authorization request that the machine reads itself. The redirect URI is the
/// chosen one, even if the client relied on the default.
#[derive(Debug)]
pub struct AuthorizationInput<'a> {
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    pub response_type: Option<&'a str>,
}

impl authorization::Request for AuthorizationInput<'_> {
    fn valid(&self) -> bool {
        true
    }
    fn client_id(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.client_id))
    }
    /// The caller parses the scope and passes it to [`AuthorizationMachine::negotiate`], because old
    /// clients separate scopes by any white space.
    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.redirect_uri))
    }
    fn state(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn response_type(&self) -> Option<Cow<'_, str>> {
        self.response_type.map(Cow::Borrowed)
    }
    fn extension(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// The authorization machine, one method for each of its steps: bind, extend, negotiate.
/// [`authorize`](crate::protocol::authorize) answers each step with the checks of that step.
pub struct AuthorizationMachine(authorization::Authorization);

impl fmt::Debug for AuthorizationMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationMachine(…)")
    }
}

impl AuthorizationMachine {
    /// Binds a client and a redirect URI that the caller has found registered. `None`: the machine
    /// serves no other response type than `code`.
    pub fn bind(input: &AuthorizationInput<'_>) -> Option<Self> {
        use authorization::{Input, Output};
        let mut machine = authorization::Authorization::new(input);
        let bound_client = match machine.advance(Input::None) {
            Output::Bind {
                client_id,
                redirect_uri: Some(redirect_uri),
            } => BoundClient {
                client_id: Cow::Owned(client_id),
                redirect_uri: Cow::Owned(RegisteredUrl::Exact(redirect_uri)),
            },
            _ => return None,
        };
        let bound = Input::Bound {
            request: input,
            bound_client,
        };
        let is_bound = matches!(machine.advance(bound), Output::Extend);
        is_bound.then_some(Self(machine))
    }

    /// Goes on once the extensions of the request are checked, of which PKCE is one.
    pub fn extend(&mut self) {
        use authorization::Input;
        self.0.advance(Input::Extended(Extensions::new()));
    }

    /// Ends with the scopes that the person is asked to grant. `None`: a step was left out.
    pub fn negotiate(mut self, scopes: ScopeSet) -> Option<ScopeSet> {
        use authorization::{Input, Output};
        let Output::Negotiate { bound_client, .. } = self.0.advance(Input::None) else {
            return None;
        };
        let pre_grant = PreGrant {
            client_id: bound_client.client_id.clone().into_owned(),
            redirect_uri: bound_client.redirect_uri.clone().into_owned(),
            scope: oxide_scope(scopes).ok()?,
        };
        let negotiated = Input::Negotiated {
            pre_grant,
            state: None,
        };
        match self.0.advance(negotiated) {
            Output::Ok { pre_grant, .. } => pre_grant.scope.iter().map(Scope::named).collect(),
            _ => None,
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Access token requests (RFC 6749 §4.1.3)

/// Our answers to the access token machine, in the order of its steps. Its first step, client
/// authentication, must be done before.
pub trait AccessTokenFlow {
    type Refusal;

    fn params(&self) -> CodeParams<'_>;

    /// The grant behind the code. The machine then compares client and redirect URI with the request.
    fn find_code(&self) -> Result<MachineGrant<'_>, Self::Refusal>;

    /// RFC 7636 §4.6
    fn verify_pkce(&self) -> Result<(), Self::Refusal>;

    fn issue_tokens(&self, scopes: ScopeSet) -> MachineTokens<'_>;

    /// The refusal when the machine refuses what we did not.
    fn refused(&self) -> Self::Refusal;
}

/// The parameters of an access token request, its redirect URI filled in where the client omitted it.
#[derive(Debug, Clone, Copy)]
pub struct CodeParams<'a> {
    pub client_id: &'a str,
    pub code: &'a str,
    pub redirect_uri: &'a str,
}

/// The grant behind a code.
#[derive(Debug)]
pub struct MachineGrant<'a> {
    pub owner_id: String,
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    pub scopes: ScopeSet,
}

/// The tokens that the client receives.
#[derive(Debug)]
pub struct MachineTokens<'a> {
    pub access_token: &'a Secret,
    pub refresh_token: Option<&'a Secret>,
    pub expires_at: Timestamp,
}

impl accesstoken::Request for CodeParams<'_> {
    fn valid(&self) -> bool {
        true
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.code))
    }
    fn authorization(&self) -> accesstoken::Authorization<'_> {
        accesstoken::Authorization::Username(Cow::Borrowed(self.client_id))
    }
    fn client_id(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.redirect_uri))
    }
    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("authorization_code"))
    }
    fn extension(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// Runs the access token machine to its end: the scopes of the tokens, or the refusal.
pub fn exchange_code<F: AccessTokenFlow>(flow: &F) -> Result<ScopeSet, F::Refusal> {
    use accesstoken::{Input, Output};
    let mut machine = accesstoken::AccessToken::new(&flow.params());
    let mut scopes = ScopeSet::EMPTY;
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::Authenticate { .. } => Input::Authenticated,
            Output::Recover { .. } => {
                let found = flow.find_code()?;
                let grant = url(found.redirect_uri).and_then(|redirect_uri| {
                    grant(found.owner_id, found.client_id, found.scopes, redirect_uri)
                });
                Input::Recovered(grant.ok())
            }
            Output::Extend { .. } => {
                flow.verify_pkce()?;
                Input::Extended {
                    access_extensions: Extensions::new(),
                }
            }
            Output::Issue { grant } => {
                scopes = scopes_of(&grant.scope);
                let tokens = flow.issue_tokens(scopes);
                Input::Issued(IssuedToken {
                    token: tokens.access_token.expose().to_owned(),
                    refresh: tokens.refresh_token.map(|token| token.expose().to_owned()),
                    until: utc(tokens.expires_at),
                    token_type: TokenType::Bearer,
                })
            }
            Output::Ok(_) => return Ok(scopes),
            Output::Err(_) => return Err(flow.refused()),
        };
    }
}

/// Whether a verifier fits an S256 challenge (RFC 7636 §4.6).
pub(super) fn fits_challenge(challenge: &str, verifier: &str) -> bool {
    let pkce = Pkce::required();
    let stored = pkce.challenge(Some(Cow::Borrowed("S256")), Some(Cow::Borrowed(challenge)));
    stored.is_ok_and(|stored| pkce.verify(stored, Some(Cow::Borrowed(verifier))).is_ok())
}

// ---------------------------------------------------------------------------------------------
// Refreshing (RFC 6749 §6)

/// Our answers to the refresh machine, in the order of its steps. Its first step, client authentication,
/// must be done before.
pub trait RefreshFlow {
    type Refusal;

    fn params(&self) -> RefreshParams<'_>;

    /// The grant behind the token. The machine then compares the client, and the scopes asked for with those
    /// granted.
    fn find_refresh_token(&self) -> Result<RefreshableGrant<'_>, Self::Refusal>;

    fn issue_tokens(&self, scopes: ScopeSet) -> MachineTokens<'_>;

    /// The refusal when the machine refuses what we did not.
    fn refused(&self) -> Self::Refusal;
}

#[derive(Debug, Clone, Copy)]
pub struct RefreshParams<'a> {
    pub client_id: &'a str,
    pub refresh_token: &'a str,
    /// None asks for everything that was granted.
    pub scopes: Option<ScopeSet>,
}

/// The grant behind a refresh token.
#[derive(Debug)]
pub struct RefreshableGrant<'a> {
    pub owner_id: String,
    pub client_id: &'a str,
    /// The most that a refresh may return.
    pub scopes: ScopeSet,
}

impl refresh::Request for RefreshParams<'_> {
    fn valid(&self) -> bool {
        true
    }
    fn refresh_token(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.refresh_token))
    }
    fn scope(&self) -> Option<Cow<'_, str>> {
        self.scopes.map(|scopes| Cow::Owned(scopes.to_string()))
    }
    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("refresh_token"))
    }
    fn authorization(&self) -> Option<(Cow<'_, str>, Cow<'_, [u8]>)> {
        Some((Cow::Borrowed(self.client_id), Cow::Borrowed(&[])))
    }
    fn extension(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// Runs the refresh machine to its end: the scopes of the new tokens, or the refusal.
pub fn refresh<F: RefreshFlow>(flow: &F) -> Result<ScopeSet, F::Refusal> {
    use refresh::{Input, Output};
    let params = flow.params();
    let scope = || refresh::Request::scope(&params);
    let mut machine = refresh::Refresh::new(&params);
    let mut scopes = ScopeSet::EMPTY;
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::Unauthenticated { .. } => Input::Authenticated { scope: scope() },
            Output::RecoverRefresh { .. } => {
                let found = flow.find_refresh_token()?;
                let grant = unused_redirect_uri().and_then(|redirect_uri| {
                    grant(found.owner_id, found.client_id, found.scopes, redirect_uri)
                });
                Input::Recovered {
                    scope: scope(),
                    grant: grant.ok(),
                }
            }
            Output::Refresh { grant, .. } => {
                scopes = scopes_of(&grant.scope);
                let tokens = flow.issue_tokens(scopes);
                Input::Refreshed(RefreshedToken {
                    token: tokens.access_token.expose().to_owned(),
                    refresh: tokens.refresh_token.map(|token| token.expose().to_owned()),
                    until: utc(tokens.expires_at),
                    token_type: TokenType::Bearer,
                })
            }
            Output::Ok(_) => return Ok(scopes),
            Output::Err(_) => return Err(flow.refused()),
        };
    }
}

// ---------------------------------------------------------------------------------------------
// Bearer tokens (RFC 6750)

struct BearerHeader<'a>(Option<&'a str>);

impl resource::Request for BearerHeader<'_> {
    fn valid(&self) -> bool {
        true
    }
    fn token(&self) -> Option<Cow<'_, str>> {
        self.0.map(Cow::Borrowed)
    }
}

/// A request to a protected resource, before its token is looked up.
pub struct ProtectedRequest {
    machine: resource::Resource,
    /// The bearer token.
    pub token: String,
}

impl fmt::Debug for ProtectedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProtectedRequest(…)")
    }
}

/// Why a request to a protected resource is refused (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// Without a token there is no error code either.
    NoToken,
    /// Unknown, ended or expired.
    InvalidToken,
    InsufficientScope,
}

/// Runs the resource machine until it asks for the token.
pub fn read_bearer(
    authorization: Option<&str>,
    needed: Option<Scope>,
) -> Result<ProtectedRequest, BearerError> {
    use resource::{Input, Output};
    let bearer =
        authorization.filter(|header| super::credential::strip_scheme(header, "bearer").is_some());
    let header = BearerHeader(bearer);
    let needed =
        oxide_scope(needed.into_iter().collect()).map_err(|_| BearerError::InvalidToken)?;
    let mut machine = resource::Resource::new();
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::GetRequest => Input::Request { request: &header },
            Output::DetermineScopes => Input::Scopes(std::slice::from_ref(&needed)),
            Output::Recover { token } => {
                let token = token.trim().to_owned();
                return Ok(ProtectedRequest { machine, token });
            }
            Output::Ok(_) => return Err(BearerError::InvalidToken),
            Output::Err(_) => return Err(BearerError::NoToken),
        };
    }
}

/// Runs it to its end with the scopes of the token, if the token is live.
pub fn require_scope(
    mut request: ProtectedRequest,
    found: Option<ScopeSet>,
) -> Result<(), BearerError> {
    use resource::{Error, ErrorCode, Input, Output};
    let grant = found.map(|scopes| grant(String::new(), "", scopes, unused_redirect_uri()?));
    let grant = grant
        .transpose()
        .map_err(|_| BearerError::InvalidToken)?
        .map(|grant| *grant);
    match request.machine.advance(Input::Recovered(grant)) {
        Output::Ok(_) => Ok(()),
        Output::Err(Error::AccessDenied { failure, .. })
            if matches!(failure.code, Some(ErrorCode::InsufficientScope)) =>
        {
            Err(BearerError::InsufficientScope)
        }
        _ => Err(BearerError::InvalidToken),
    }
}

// ---------------------------------------------------------------------------------------------

/// A grant has a redirect URI in oxide-auth's types, which only the access token machine reads.
fn unused_redirect_uri() -> Result<Url, OAuthError> {
    url("urn:unused")
}

fn utc(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(at.unix_timestamp(), at.nanosecond()).unwrap_or(FOREVER)
}

fn grant(
    owner_id: String,
    client_id: &str,
    scopes: ScopeSet,
    redirect_uri: Url,
) -> Result<Box<Grant>, OAuthError> {
    Ok(Box::new(Grant {
        owner_id,
        client_id: client_id.to_owned(),
        scope: oxide_scope(scopes)?,
        redirect_uri,
        until: FOREVER,
        extensions: Extensions::new(),
    }))
}

fn scopes_of(scope: &OxideScope) -> ScopeSet {
    scope.iter().filter_map(Scope::named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLBACK: &str = "https://app.example/cb?x=1";

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    fn bind(response_type: Option<&str>) -> Option<AuthorizationMachine> {
        AuthorizationMachine::bind(&AuthorizationInput {
            client_id: "app",
            redirect_uri: CALLBACK,
            response_type,
        })
    }

    #[test]
    fn only_the_response_type_code_is_bound() {
        let mut machine = bind(Some("code")).unwrap();
        machine.extend();
        let requested = scopes("basic profile");
        assert_eq!(machine.negotiate(requested), Some(requested));
        assert!(bind(None).is_none());
        assert!(bind(Some("token")).is_none());
    }

    #[test]
    fn no_step_of_the_authorization_machine_can_be_left_out() {
        let machine = bind(Some("code")).unwrap();
        assert_eq!(machine.negotiate(scopes("basic")), None);
    }

    #[test]
    fn a_bearer_is_admitted_with_the_scope_it_needs() {
        let admitted =
            |needed, found| require_scope(read_bearer(Some("bEARER abc"), needed).unwrap(), found);
        assert_eq!(read_bearer(Some("bearer abc"), None).unwrap().token, "abc");
        assert_eq!(admitted(Some(Scope::Basic), Some(scopes("basic"))), Ok(()));
        assert_eq!(
            admitted(Some(Scope::Basic), Some(scopes("send_mail"))),
            Err(BearerError::InsufficientScope)
        );
        assert_eq!(admitted(None, Some(scopes("send_mail"))), Ok(()));
        assert_eq!(admitted(None, None), Err(BearerError::InvalidToken));
        assert_eq!(read_bearer(None, None).unwrap_err(), BearerError::NoToken);
        assert_eq!(
            read_bearer(Some("Token abc"), None).unwrap_err(),
            BearerError::NoToken
        );
        assert_eq!(
            read_bearer(Some("Bearer"), None).unwrap_err(),
            BearerError::NoToken
        );
    }
}
