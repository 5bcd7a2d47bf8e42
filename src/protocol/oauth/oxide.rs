//! The bridge to oxide-auth: its `code_grant` machines decide what is asked, in which order, and what
//! makes a request fail; we answer from facts that were loaded before. So every flow is a pure
//! function, and no lock or connection is held while a machine runs.
//!
//! Three things are taken from it and three are not. It checks that the request is complete, that
//! client, redirect address and code belong together, and that a refresh does not widen. It does not
//! judge time ([`FOREVER`]; `token::rules` does), it does not see old clients' habits (requests are
//! made regular before), and its error words are replaced by those of the RFCs.

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

use super::{Challenge, OAuthError, OAuthErrorCode};
use crate::protocol::scope::{Scope, ScopeSet};

/// oxide-auth reads the machine's clock itself. Grants handed to it never end, so that only our own
/// rules, which are given the time, judge life and death.
const FOREVER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// Names of the table hold nothing a scope token may not (RFC 6749 §3.3), so this always parses.
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
// Trading a code (RFC 6749 §4.1.3)

/// A token request made regular: the client is known and has proved itself, the redirect address is
/// filled in where the client relied on the default.
#[derive(Debug)]
pub struct CodeRedemption<'a> {
    pub client_id: &'a str,
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: Option<&'a str>,
}

/// What is known of the presented code.
#[derive(Debug)]
pub struct CodeBinding<'a> {
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    pub challenge: Option<Challenge>,
    pub scopes: ScopeSet,
}

impl accesstoken::Request for CodeRedemption<'_> {
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

/// Runs the access token machine as far as it decides: whether this code may be traded by this client
/// with this redirect address and verifier, and for which scopes. The code is only judged here; it is
/// used up when the tokens are kept, so that a stranger or a typing error cannot burn it.
pub fn redeem(
    asked: &CodeRedemption<'_>,
    known: Option<&CodeBinding<'_>>,
) -> Result<ScopeSet, OAuthError> {
    use accesstoken::{Input, Output};
    let mut machine = accesstoken::AccessToken::new(asked);
    let mut input = Input::None;
    loop {
        input = match machine.advance(input) {
            Output::Authenticate { .. } => Input::Authenticated,
            Output::Recover { .. } => {
                let grant = known
                    .map(|known| grant(known.client_id, known.scopes, url(known.redirect_uri)?));
                Input::Recovered(grant.transpose()?)
            }
            Output::Extend { .. } => {
                prove(
                    known.and_then(|known| known.challenge.as_ref()),
                    asked.verifier,
                )?;
                Input::Extended {
                    access_extensions: Extensions::new(),
                }
            }
            Output::Issue { grant } => {
                let scopes = scopes_of(&grant.scope);
                // The machine ends here by being told of a token; ours is made when it is kept.
                let told = IssuedToken {
                    token: String::new(),
                    refresh: None,
                    until: FOREVER,
                    token_type: TokenType::Bearer,
                };
                let Output::Ok(_) = machine.advance(Input::Issued(told)) else {
                    return Err(not_this_code());
                };
                return Ok(scopes);
            }
            Output::Ok(_) | Output::Err(_) => return Err(not_this_code()),
        };
    }
}

/// Said of every code that does not work, whatever the reason.
pub fn not_this_code() -> OAuthError {
    OAuthError::invalid_grant(
        "The code is unknown, used, too old, or belongs to another client or redirect_uri. Start the sign-in again.",
    )
}

/// Holds the verifier against the challenge (RFC 7636 §4.6), and refuses one that answers none: it
/// would hide that somebody stripped the challenge (RFC 9700 §4.8).
fn prove(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier was sent, but the sign-in began without code_challenge.",
        )),
        (Some(_), None) => Err(OAuthError::invalid_grant(
            "code_verifier is missing: the sign-in began with code_challenge.",
        )),
        (Some(challenge), Some(verifier)) => {
            let wrong = || OAuthError::invalid_grant("code_verifier does not fit code_challenge.");
            if !super::pkce::is_verifier(verifier) {
                return Err(OAuthError::invalid_request(
                    "code_verifier must have 43 to 128 characters of A-Z a-z 0-9 - . _ ~",
                ));
            }
            let pkce = Pkce::required();
            let method = Some(Cow::Borrowed("S256"));
            let saved = pkce.challenge(method, Some(Cow::Borrowed(challenge.as_str())));
            let saved = saved.map_err(|()| wrong())?;
            pkce.verify(saved, Some(Cow::Borrowed(verifier)))
                .map_err(|()| wrong())
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Refreshing (RFC 6749 §6)

/// A refresh request of a client that is known and has proved itself.
#[derive(Debug)]
pub struct RefreshInput<'a> {
    pub client_id: &'a str,
    pub token: &'a str,
    /// What it asks for, parsed; `None` for all it may have.
    pub scopes: Option<ScopeSet>,
}

/// What is known of the presented token.
#[derive(Debug)]
pub struct RefreshBinding<'a> {
    pub client_id: &'a str,
    /// The most it may be refreshed to.
    pub scopes: ScopeSet,
}

impl refresh::Request for RefreshInput<'_> {
    fn valid(&self) -> bool {
        true
    }
    fn refresh_token(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.token))
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

/// Runs the refresh machine: whether this client may refresh this token, and to which scopes.
pub fn refresh(
    asked: &RefreshInput<'_>,
    known: Option<&RefreshBinding<'_>>,
) -> Result<ScopeSet, OAuthError> {
    use refresh::{Input, Output};
    let mut machine = refresh::Refresh::new(asked);
    let mut input = Input::None;
    loop {
        let scope = || refresh::Request::scope(asked);
        input = match machine.advance(input) {
            Output::Unauthenticated { .. } => Input::Authenticated { scope: scope() },
            Output::RecoverRefresh { .. } => {
                let Ok(nowhere) = "urn:nowhere".parse::<Url>() else {
                    return Err(not_this_token());
                };
                let grant = known.map(|known| grant(known.client_id, known.scopes, nowhere));
                Input::Recovered {
                    scope: scope(),
                    grant: grant.transpose()?,
                }
            }
            Output::Refresh { grant, .. } => {
                let scopes = scopes_of(&grant.scope);
                let told = RefreshedToken {
                    token: String::new(),
                    refresh: None,
                    until: FOREVER,
                    token_type: TokenType::Bearer,
                };
                let Output::Ok(_) = machine.advance(Input::Refreshed(told)) else {
                    return Err(not_this_token());
                };
                return Ok(scopes);
            }
            Output::Ok(_) => return Err(not_this_token()),
            Output::Err(_) => return Err(refused_refresh(asked, known)),
        };
    }
}

fn refused_refresh(asked: &RefreshInput<'_>, known: Option<&RefreshBinding<'_>>) -> OAuthError {
    let own = known.filter(|known| known.client_id == asked.client_id);
    let widens = |known: &RefreshBinding<'_>| {
        asked
            .scopes
            .is_some_and(|asked| !asked.is_within(known.scopes))
    };
    if own.is_some_and(widens) {
        return OAuthError::new(
            OAuthErrorCode::InvalidScope,
            "A refresh can narrow the scope, not widen it. Send the person through the sign-in to ask for more.",
        );
    }
    not_this_token()
}

/// Said of every refresh token that does not work, whatever the reason.
pub fn not_this_token() -> OAuthError {
    OAuthError::invalid_grant(
        "The refresh token is unknown, used, ended or belongs to another client. Send the person through the sign-in again.",
    )
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

/// A request for something protected, whose token is still to be looked up.
pub struct ProtectedRequest {
    machine: resource::Resource,
    /// The bearer token.
    pub token: String,
}

impl fmt::Debug for ProtectedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(…)")
    }
}

/// Why a bearer of a token, or of none, is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// No token at all: no error code either (RFC 6750 §3.1).
    NoToken,
    /// Unknown, ended, too old: one answer for all.
    InvalidToken,
    InsufficientScope,
}

/// Runs the resource machine until it wants the token looked up.
pub fn present(
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

/// Runs it to the end with what was found: scopes of a live token, or nothing.
pub fn admit(mut presented: ProtectedRequest, found: Option<ScopeSet>) -> Result<(), BearerError> {
    use resource::{Error, ErrorCode, Input, Output};
    let Ok(nowhere) = "urn:nowhere".parse::<Url>() else {
        return Err(BearerError::InvalidToken);
    };
    let grant = found.map(|scopes| grant("", scopes, nowhere)).transpose();
    let grant = grant
        .map_err(|_| BearerError::InvalidToken)?
        .map(|grant| *grant);
    match presented.machine.advance(Input::Recovered(grant)) {
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

fn grant(client_id: &str, scopes: ScopeSet, redirect_uri: Url) -> Result<Box<Grant>, OAuthError> {
    Ok(Box::new(Grant {
        owner_id: String::new(),
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
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

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

    fn redeeming(
        client: &str,
        verifier: Option<&str>,
        challenge: Option<&str>,
    ) -> Result<ScopeSet, OAuthErrorCode> {
        let asked = CodeRedemption {
            client_id: client,
            code: "c",
            redirect_uri: CALLBACK,
            verifier,
        };
        let known = CodeBinding {
            client_id: "app",
            redirect_uri: CALLBACK,
            challenge: challenge.map(|text| Challenge::stored(text.to_owned())),
            scopes: scopes("basic phone"),
        };
        redeem(&asked, Some(&known)).map_err(|error| error.code)
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
    fn a_code_is_for_its_own_client() {
        assert_eq!(redeeming("app", None, None), Ok(scopes("basic phone")));
        assert_eq!(
            redeeming("other", None, None),
            Err(OAuthErrorCode::InvalidGrant)
        );
    }

    #[test]
    fn the_rfc_7636_vector_passes_and_everything_else_does_not() {
        assert!(redeeming("app", Some(VERIFIER), Some(CHALLENGE)).is_ok());
        assert_eq!(
            redeeming("app", None, Some(CHALLENGE)),
            Err(OAuthErrorCode::InvalidGrant)
        );
        assert_eq!(
            redeeming("app", Some(VERIFIER), None),
            Err(OAuthErrorCode::InvalidGrant)
        );
        assert_eq!(
            redeeming("app", Some(&VERIFIER.replace('d', "e")), Some(CHALLENGE)),
            Err(OAuthErrorCode::InvalidGrant)
        );
        assert_eq!(
            redeeming("app", Some("short"), Some(CHALLENGE)),
            Err(OAuthErrorCode::InvalidRequest)
        );
    }

    #[test]
    fn a_refresh_narrows_and_never_widens() {
        let known = RefreshBinding {
            client_id: "app",
            scopes: scopes("basic profile"),
        };
        let ask = |client_id, scopes| {
            refresh(
                &RefreshInput {
                    client_id,
                    token: "t",
                    scopes,
                },
                Some(&known),
            )
        };
        assert_eq!(ask("app", None), Ok(scopes("basic profile")));
        assert_eq!(ask("app", Some(scopes("basic"))), Ok(scopes("basic")));
        assert_eq!(
            ask("app", Some(scopes("basic ldap"))).unwrap_err().code,
            OAuthErrorCode::InvalidScope
        );
        assert_eq!(
            ask("other", None).unwrap_err().code,
            OAuthErrorCode::InvalidGrant
        );
        assert_eq!(
            ask("other", Some(scopes("ldap"))).unwrap_err().code,
            OAuthErrorCode::InvalidGrant
        );
    }

    #[test]
    fn a_bearer_is_admitted_with_the_scope_it_needs() {
        let admitted = |needed, found| admit(present(Some("bEARER abc"), needed).unwrap(), found);
        assert_eq!(present(Some("bearer abc"), None).unwrap().token, "abc");
        assert_eq!(admitted(Some(Scope::Basic), Some(scopes("basic"))), Ok(()));
        assert_eq!(
            admitted(Some(Scope::Basic), Some(scopes("send_mail"))),
            Err(BearerError::InsufficientScope)
        );
        assert_eq!(admitted(None, Some(scopes("send_mail"))), Ok(()));
        assert_eq!(admitted(None, None), Err(BearerError::InvalidToken));
        assert_eq!(present(None, None).unwrap_err(), BearerError::NoToken);
        assert_eq!(
            present(Some("Token abc"), None).unwrap_err(),
            BearerError::NoToken
        );
        assert_eq!(
            present(Some("Bearer"), None).unwrap_err(),
            BearerError::NoToken
        );
    }
}
