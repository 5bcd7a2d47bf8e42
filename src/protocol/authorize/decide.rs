//! The decision about an authorization request. Pure: facts in, outcome or refusal out.
//!
//! The order is part of the behaviour: first what can only be shown on a page, because the redirect URI
//! is not proven to be the client's; then the sign-in; then the errors that are sent to the client; then
//! consent.

use super::model::{
    AuthorizationRequest, AuthorizeFacts, ClientFacts, ConsentFacts, ResponseMode, ResponseTarget,
    SessionFacts,
};
use super::params::AuthorizationParams;
use super::refusal::{AuthorizeRefusal, NonRedirectableError, RedirectableError};
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::id::GrantId;
use crate::protocol::grants;
use crate::protocol::oauth::oxide::{AuthorizationInput, AuthorizationMachine};
use crate::protocol::oauth::{Challenge, RedirectKind, RedirectMismatch, RedirectUri};
use crate::protocol::scope::{GrantedAccess, ScopeSet};

/// The longest `state`, in bytes. It is stored while the consent page is open and returns in a URL,
/// which browsers and proxies cut at some greater length.
const MAX_STATE: usize = 4096;

/// What happens with a request that is not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody is signed in: sign in, then send the same request again.
    SignIn,
    ShowConsent(AuthorizationRequest),
    /// The person's earlier consent covers the request.
    IssueCode {
        request: AuthorizationRequest,
        grant: GrantId,
        /// The epoch of the session.
        epoch: CredentialEpoch,
        access: GrantedAccess,
    },
}

/// What the endpoint adds to the parameters of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestContext<'a> {
    pub response_mode: ResponseMode,
    /// The origin of the page that called FedCM; `None` at `/oauth/authorize`.
    pub fedcm_origin: Option<&'a str>,
    /// How many people may connect an app that is not verified.
    pub user_cap: i32,
}

/// Decides what happens with an authorization request. `facts` is `None` if no client was found.
pub(super) fn decide(
    params: &AuthorizationParams,
    facts: Option<&AuthorizeFacts>,
    context: &RequestContext<'_>,
) -> Result<Outcome, AuthorizeRefusal> {
    let AuthorizeFacts {
        client,
        session,
        consent,
    } = check_client(params, facts)?;
    check_not_suspended(client)?;
    let redirect_uri = choose_redirect_uri(params, client)?;
    check_origin(context, &redirect_uri)?;

    let Some(session) = *session else {
        return Ok(Outcome::SignIn);
    };
    check_account_is_open(client, session)?;

    let target = ResponseTarget {
        redirect_uri,
        state: params.state.clone(),
        response_mode: context.response_mode,
    };
    let request = check_request(params, client, &target)
        .map_err(|error| AuthorizeRefusal::redirect(error, target, client))?;

    check_user_cap(client, session, consent, context)?;
    Ok(match consent_covers(client, consent, &request) {
        Some((grant, access)) => Outcome::IssueCode {
            request,
            grant,
            epoch: session.epoch,
            access,
        },
        None => Outcome::ShowConsent(request),
    })
}

/// The part of the decision that RFC 6749 §4.1.1 and RFC 7636 §4.3 define, along the steps of
/// oxide-auth's machine: bind, extend, negotiate.
fn check_request(
    params: &AuthorizationParams,
    client: &ClientFacts,
    target: &ResponseTarget,
) -> Result<AuthorizationRequest, RedirectableError> {
    let mut machine = check_response_type(params, client, target)?;
    check_state(params)?;
    let code_challenge = verify_code_challenge_params(params, client)?;
    machine.extend();
    let scopes = machine.negotiate(parse_scope(params)?);
    Ok(AuthorizationRequest {
        target: target.clone(),
        scopes: scopes.ok_or(RedirectableError::UnreadableScope)?,
        code_challenge,
        forces_consent: !matches!(params.approval_prompt.as_deref(), None | Some("auto")),
    })
}

fn check_client<'a>(
    params: &AuthorizationParams,
    facts: Option<&'a AuthorizeFacts>,
) -> Result<&'a AuthorizeFacts, NonRedirectableError> {
    match (&params.client_id, facts) {
        (None, _) => Err(NonRedirectableError::MissingClientId),
        (Some(_), None) => Err(NonRedirectableError::UnknownClient),
        (Some(_), Some(facts)) => Ok(facts),
    }
}

fn check_not_suspended(client: &ClientFacts) -> Result<(), NonRedirectableError> {
    if client.is_suspended {
        return Err(NonRedirectableError::SuspendedClient {
            app: client.name.clone(),
        });
    }
    Ok(())
}

/// The requested URI if it is registered, or the first registered one if none is requested
/// (RFC 6749 §3.1.2.3, RFC 9700 §2.1).
fn choose_redirect_uri(
    params: &AuthorizationParams,
    client: &ClientFacts,
) -> Result<RedirectUri, NonRedirectableError> {
    let requested = params.redirect_uri.as_deref();
    RedirectUri::choose(&client.redirect_uris, requested).ok_or_else(|| {
        NonRedirectableError::UnregisteredRedirectUri {
            app: client.name.clone(),
            requested: requested.unwrap_or_default().to_owned(),
            mismatch: requested.and_then(|uri| RedirectMismatch::find(uri, &client.redirect_uris)),
        }
    })
}

/// FedCM hands the code to the page that called it, so that page must be where a redirect would lead.
fn check_origin(
    context: &RequestContext<'_>,
    redirect_uri: &RedirectUri,
) -> Result<(), NonRedirectableError> {
    match context.fedcm_origin {
        Some(origin) if redirect_uri.origin().as_deref() != Some(origin) => {
            Err(NonRedirectableError::OriginMismatch)
        }
        _ => Ok(()),
    }
}

fn check_account_is_open(
    client: &ClientFacts,
    session: SessionFacts,
) -> Result<(), NonRedirectableError> {
    if session.is_closing_account {
        return Err(NonRedirectableError::ClosingAccount {
            app: client.name.clone(),
        });
    }
    Ok(())
}

/// Binds client and redirect URI; the machine then accepts `response_type=code` only.
fn check_response_type(
    params: &AuthorizationParams,
    client: &ClientFacts,
    target: &ResponseTarget,
) -> Result<AuthorizationMachine, RedirectableError> {
    let response_type = params.response_type.as_deref();
    let input = AuthorizationInput {
        client_id: &client.client_id,
        redirect_uri: target.redirect_uri.as_str(),
        response_type,
    };
    AuthorizationMachine::bind(&input).ok_or(match response_type {
        None => RedirectableError::MissingResponseType,
        Some(_) => RedirectableError::UnsupportedResponseType,
    })
}

fn check_state(params: &AuthorizationParams) -> Result<(), RedirectableError> {
    match &params.state {
        Some(state) if state.len() > MAX_STATE => Err(RedirectableError::StateTooLong),
        _ => Ok(()),
    }
}

/// PKCE (RFC 7636 §4.3): public clients must use it (RFC 9700 §2.1.1), and confidential ones whose
/// owner requires it.
fn verify_code_challenge_params(
    params: &AuthorizationParams,
    client: &ClientFacts,
) -> Result<Option<Challenge>, RedirectableError> {
    let challenge = params.code_challenge.as_deref();
    let method = params.code_challenge_method.as_deref();
    let challenge =
        Challenge::parse(challenge, method).map_err(RedirectableError::InvalidCodeChallenge)?;
    if challenge.is_none() && (client.is_public || client.requires_pkce) {
        return Err(RedirectableError::MissingCodeChallenge);
    }
    Ok(challenge)
}

/// The requested scopes (RFC 6749 §3.3), with the compulsory one.
fn parse_scope(params: &AuthorizationParams) -> Result<ScopeSet, RedirectableError> {
    let scopes = ScopeSet::parse(params.scope.as_deref().unwrap_or_default());
    let scopes = scopes.map_err(RedirectableError::UnknownScope)?;
    Ok(grants::with_required_scope(scopes))
}

/// An app that is not verified may have so many people; its owner and its existing users do not count as
/// new. The cap is enforced when the grant is written, under a lock; here it spares the person a consent
/// page that leads nowhere.
fn check_user_cap(
    client: &ClientFacts,
    session: SessionFacts,
    consent: &ConsentFacts,
    context: &RequestContext<'_>,
) -> Result<(), NonRedirectableError> {
    let is_new_user = !consent.is_existing_user && client.owner != session.person;
    if !client.is_verified && is_new_user && client.user_count >= context.user_cap {
        return Err(NonRedirectableError::UserCapReached {
            app: client.name.clone(),
        });
    }
    Ok(())
}

/// The live grant and what it gives of this request, if the consent page may be skipped: every scope and
/// field was decided before, granted or refused.
fn consent_covers(
    client: &ClientFacts,
    consent: &ConsentFacts,
    request: &AuthorizationRequest,
) -> Option<(GrantId, GrantedAccess)> {
    let grant = consent.live_grant?;
    let covers = !request.forces_consent
        && identifies_client(client, request)
        && grants::covers(consent.record, request.scopes);
    let requested = GrantedAccess::whole(request.scopes);
    covers.then(|| (grant, consent.record.given.intersection(requested)))
}

/// Whether only the client itself can receive the code. Any program on a machine can listen on a loopback
/// port or claim a private-use scheme, so a public client that returns there may be an impostor, and the
/// person has to see the consent page (RFC 8252 §8.6). So do the users of an app that is not verified.
fn identifies_client(client: &ClientFacts, request: &AuthorizationRequest) -> bool {
    let returns_to_web = request.target.redirect_uri.kind() == RedirectKind::Web;
    client.is_verified && (!client.is_public || returns_to_web)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::platform::id::{AppId, PersonId};
    use crate::protocol::grants::ConsentRecord;
    use crate::protocol::oauth::pkce::ChallengeError;

    const ASHA: PersonId = PersonId(7);
    const OWNER: PersonId = PersonId(1);
    const GRANT: GrantId = GrantId(Uuid::nil());
    const WEB: &str = "https://app.example/cb";
    const LOOPBACK: &str = "http://127.0.0.1:1/cb";
    const PRIVATE_SCHEME: &str = "org.example.app:/cb";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    /// A request and the facts about it; a test changes what it is about.
    struct Case {
        params: AuthorizationParams,
        facts: Option<AuthorizeFacts>,
        fedcm_origin: Option<&'static str>,
    }

    /// The check that refuses the case, and the change that makes it pass.
    type Step = (&'static str, fn(&mut Case));

    fn scopes(names: &str) -> ScopeSet {
        ScopeSet::parse(names).unwrap()
    }

    /// Asha requests nothing new of a verified confidential app that she has allowed `basic profile`.
    fn case(change: impl FnOnce(&mut Case)) -> Case {
        let redirect_uris = [WEB, LOOPBACK, PRIVATE_SCHEME];
        let client = ClientFacts {
            app: AppId(Uuid::nil()),
            client_id: "app".into(),
            name: "Mess Menu".into(),
            description: String::new(),
            logo: None,
            website: None,
            privacy_policy: None,
            contact: None,
            owner: OWNER,
            owner_name: String::new(),
            owner_username: String::new(),
            is_public: false,
            requires_pkce: false,
            is_verified: true,
            is_suspended: false,
            user_count: 10,
            redirect_uris: redirect_uris
                .map(|uri| RedirectUri::registered(uri.into()))
                .into(),
        };
        let granted = scopes("profile");
        let mut case = Case {
            params: AuthorizationParams {
                client_id: Some("app".into()),
                response_type: Some("code".into()),
                scope: Some("profile".into()),
                ..AuthorizationParams::default()
            },
            facts: Some(AuthorizeFacts {
                client,
                session: Some(SessionFacts {
                    person: ASHA,
                    epoch: CredentialEpoch(3),
                    is_closing_account: false,
                }),
                consent: ConsentFacts {
                    live_grant: Some(GRANT),
                    is_existing_user: true,
                    record: grants::apply_consent(
                        ConsentRecord::default(),
                        granted,
                        GrantedAccess::whole(granted),
                    ),
                },
            }),
            fedcm_origin: None,
        };
        change(&mut case);
        case
    }

    fn facts(case: &mut Case) -> &mut AuthorizeFacts {
        case.facts.as_mut().unwrap()
    }

    fn session(case: &mut Case) -> &mut SessionFacts {
        facts(case).session.as_mut().unwrap()
    }

    fn client(case: &mut Case) -> &mut ClientFacts {
        &mut facts(case).client
    }

    /// An app without the verification and without the consent of Asha, who has never used it.
    fn is_new_and_unverified(case: &mut Case) {
        client(case).is_verified = false;
        facts(case).consent = ConsentFacts::default();
    }

    fn decide_case(case: &Case) -> Result<Outcome, AuthorizeRefusal> {
        let context = RequestContext {
            response_mode: ResponseMode::Query,
            fedcm_origin: case.fedcm_origin,
            user_cap: 10,
        };
        decide(&case.params, case.facts.as_ref(), &context)
    }

    fn outcome(change: impl FnOnce(&mut Case)) -> Result<Outcome, AuthorizeRefusal> {
        decide_case(&case(change))
    }

    fn request(change: impl FnOnce(&mut Case)) -> AuthorizationRequest {
        match outcome(change).unwrap() {
            Outcome::ShowConsent(request) | Outcome::IssueCode { request, .. } => request,
            Outcome::SignIn => panic!("nobody is signed in"),
        }
    }

    fn page_error(change: impl FnOnce(&mut Case)) -> NonRedirectableError {
        match outcome(change).unwrap_err() {
            AuthorizeRefusal::ErrorPage(error) => error,
            refusal @ AuthorizeRefusal::Redirect { .. } => panic!("{refusal:?}"),
        }
    }

    fn redirect_error(change: impl FnOnce(&mut Case)) -> RedirectableError {
        match outcome(change).unwrap_err() {
            AuthorizeRefusal::Redirect { error, .. } => error,
            refusal @ AuthorizeRefusal::ErrorPage(_) => panic!("{refusal:?}"),
        }
    }

    fn shows_consent(change: impl FnOnce(&mut Case)) -> bool {
        matches!(outcome(change).unwrap(), Outcome::ShowConsent(_))
    }

    #[test]
    fn the_client_must_be_named_known_and_in_service() {
        let app = "Mess Menu".to_owned();
        assert_eq!(
            page_error(|case| case.params.client_id = None),
            NonRedirectableError::MissingClientId
        );
        assert_eq!(
            page_error(|case| case.facts = None),
            NonRedirectableError::UnknownClient
        );
        assert_eq!(
            page_error(|case| client(case).is_suspended = true),
            NonRedirectableError::SuspendedClient { app }
        );
    }

    #[test]
    fn an_absent_redirect_uri_means_the_first_registered_one() {
        assert_eq!(request(|_| ()).target.redirect_uri.as_str(), WEB);
        let request = request(|case| case.params.redirect_uri = Some(PRIVATE_SCHEME.into()));
        assert_eq!(request.target.redirect_uri.as_str(), PRIVATE_SCHEME);
    }

    #[test]
    fn an_unregistered_redirect_uri_receives_nothing() {
        let requested = "https://app.example/cb/".to_owned();
        assert_eq!(
            page_error(|case| case.params.redirect_uri = Some(requested.clone())),
            NonRedirectableError::UnregisteredRedirectUri {
                app: "Mess Menu".to_owned(),
                requested: requested.clone(),
                mismatch: Some(RedirectMismatch::TrailingSlash),
            }
        );
    }

    #[test]
    fn fedcm_serves_only_a_page_of_the_redirect_uris_origin() {
        assert!(outcome(|case| case.fedcm_origin = Some("https://app.example")).is_ok());
        assert_eq!(
            page_error(|case| case.fedcm_origin = Some("https://other.example")),
            NonRedirectableError::OriginMismatch
        );
        assert_eq!(
            page_error(|case| {
                case.fedcm_origin = Some("https://app.example");
                case.params.redirect_uri = Some(PRIVATE_SCHEME.into());
            }),
            NonRedirectableError::OriginMismatch
        );
    }

    #[test]
    fn without_a_session_the_person_signs_in() {
        assert_eq!(
            outcome(|case| facts(case).session = None),
            Ok(Outcome::SignIn)
        );
    }

    #[test]
    fn a_closed_account_signs_in_nowhere() {
        assert_eq!(
            page_error(|case| session(case).is_closing_account = true),
            NonRedirectableError::ClosingAccount {
                app: "Mess Menu".to_owned()
            }
        );
    }

    #[test]
    fn only_the_response_type_code_is_served() {
        assert_eq!(
            redirect_error(|case| case.params.response_type = None),
            RedirectableError::MissingResponseType
        );
        for other in ["token", "code token", "CODE"] {
            assert_eq!(
                redirect_error(|case| case.params.response_type = Some(other.into())),
                RedirectableError::UnsupportedResponseType
            );
        }
    }

    #[test]
    fn a_state_has_4096_bytes_at_most() {
        let state = "é".repeat(2048).into_bytes();
        let request = request(|case| case.params.state = Some(state.clone()));
        assert_eq!(request.target.state, Some(state));
        assert_eq!(
            redirect_error(|case| case.params.state = Some(vec![b'a'; 4097])),
            RedirectableError::StateTooLong
        );
    }

    #[test]
    fn public_clients_and_those_that_require_it_must_use_pkce() {
        assert_eq!(request(|_| ()).code_challenge, None);
        assert_eq!(
            redirect_error(|case| client(case).is_public = true),
            RedirectableError::MissingCodeChallenge
        );
        assert_eq!(
            redirect_error(|case| client(case).requires_pkce = true),
            RedirectableError::MissingCodeChallenge
        );
        let request = request(|case| {
            client(case).is_public = true;
            case.params.code_challenge = Some(CHALLENGE.into());
            case.params.code_challenge_method = Some("S256".into());
        });
        assert_eq!(request.code_challenge.unwrap().as_str(), CHALLENGE);
    }

    #[test]
    fn a_wrong_code_challenge_is_refused_even_where_none_is_required() {
        assert_eq!(
            redirect_error(|case| case.params.code_challenge = Some(CHALLENGE.into())),
            RedirectableError::InvalidCodeChallenge(ChallengeError::NotS256)
        );
        assert_eq!(
            redirect_error(|case| case.params.code_challenge_method = Some("S256".into())),
            RedirectableError::InvalidCodeChallenge(ChallengeError::MethodAlone)
        );
    }

    #[test]
    fn the_compulsory_scope_is_part_of_every_request() {
        let request = request(|case| case.params.scope = Some(" phone\t profile phone".into()));
        assert_eq!(request.scopes, scopes("basic phone profile"));
        let empty = self::request(|case| case.params.scope = None);
        assert_eq!(empty.scopes, scopes("basic"));
    }

    #[test]
    fn an_unknown_scope_refuses_the_request() {
        assert!(matches!(
            redirect_error(|case| case.params.scope = Some("profile bogus".into())),
            RedirectableError::UnknownScope(unknown) if unknown.0 == "bogus"
        ));
    }

    #[test]
    fn an_error_is_sent_to_the_target_and_confirmed_first_if_the_app_is_not_verified() {
        for is_verified in [true, false] {
            let refusal = outcome(|case| {
                client(case).is_verified = is_verified;
                case.params.response_type = None;
                case.params.state = Some(b"xyz".to_vec());
            });
            let Err(AuthorizeRefusal::Redirect {
                target,
                unverified_app,
                ..
            }) = refusal
            else {
                panic!("{refusal:?}");
            };
            assert_eq!(target.redirect_uri.as_str(), WEB);
            assert_eq!(target.state.as_deref(), Some(&b"xyz"[..]));
            assert_eq!(unverified_app.is_none(), is_verified);
        }
    }

    #[test]
    fn the_user_cap_lets_in_the_owner_and_existing_users() {
        let cap_reached = NonRedirectableError::UserCapReached {
            app: "Mess Menu".to_owned(),
        };
        assert_eq!(page_error(is_new_and_unverified), cap_reached);
        assert!(shows_consent(|case| {
            is_new_and_unverified(case);
            session(case).person = OWNER;
        }));
        assert!(shows_consent(|case| {
            is_new_and_unverified(case);
            facts(case).consent.is_existing_user = true;
        }));
        assert!(shows_consent(|case| {
            is_new_and_unverified(case);
            client(case).user_count = 9;
        }));
        assert!(shows_consent(|case| {
            is_new_and_unverified(case);
            client(case).is_verified = true;
        }));
    }

    #[test]
    fn consent_that_covers_the_request_is_not_asked_for_again() {
        for requested in ["basic profile", "basic"] {
            let outcome = outcome(|case| case.params.scope = Some(requested.into())).unwrap();
            let Outcome::IssueCode { grant, access, .. } = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(grant, GRANT);
            assert_eq!(access, GrantedAccess::whole(scopes(requested)));
        }
    }

    #[test]
    fn what_was_refused_counts_as_decided_and_is_not_granted() {
        let outcome = outcome(|case| {
            let nothing = GrantedAccess::default();
            facts(case).consent.record =
                grants::apply_consent(ConsentRecord::default(), scopes("profile"), nothing);
        });
        let Ok(Outcome::IssueCode { access, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(access, GrantedAccess::whole(scopes("basic")));
    }

    #[test]
    fn a_new_scope_a_forced_prompt_and_an_ended_grant_show_consent() {
        assert!(shows_consent(|case| {
            case.params.scope = Some("basic ldap".into());
        }));
        assert!(shows_consent(|case| {
            case.params.approval_prompt = Some("force".into());
        }));
        assert!(!shows_consent(|case| {
            case.params.approval_prompt = Some("auto".into());
        }));
        assert!(shows_consent(|case| facts(case).consent.live_grant = None));
    }

    #[test]
    fn consent_is_always_shown_where_another_program_could_receive_the_code() {
        let is_public = |case: &mut Case, redirect_uri: &str| {
            client(case).is_public = true;
            case.params.code_challenge = Some(CHALLENGE.into());
            case.params.code_challenge_method = Some("S256".into());
            case.params.redirect_uri = Some(redirect_uri.into());
        };
        assert!(shows_consent(|case| is_public(case, LOOPBACK)));
        assert!(shows_consent(|case| is_public(case, PRIVATE_SCHEME)));
        assert!(!shows_consent(|case| is_public(case, WEB)));
        assert!(shows_consent(|case| client(case).is_verified = false));
    }

    /// At first everything is wrong. Each step mends what the check before it refused.
    #[test]
    fn the_checks_have_a_fixed_order() {
        let mut wrong = case(|case| {
            case.facts = None;
            case.fedcm_origin = Some("https://other.example");
            case.params = AuthorizationParams {
                redirect_uri: Some("https://other.example/cb".into()),
                response_type: Some("token".into()),
                scope: Some("bogus".into()),
                state: Some(vec![b'a'; 4097]),
                ..AuthorizationParams::default()
            };
        });
        let steps: [Step; 11] = [
            ("missing_client_id", |case| {
                case.params.client_id = Some("app".into());
            }),
            ("client_unknown", |case| {
                case.facts = self::case(is_new_and_unverified).facts;
                facts(case).session = None;
                client(case).is_suspended = true;
                client(case).requires_pkce = true;
            }),
            ("client_suspended", |case| client(case).is_suspended = false),
            ("unregistered_redirect_uri", |case| {
                case.params.redirect_uri = None;
            }),
            ("origin_mismatch", |case| case.fedcm_origin = None),
            ("sign in", |case| {
                facts(case).session = Some(SessionFacts {
                    person: ASHA,
                    epoch: CredentialEpoch(3),
                    is_closing_account: true,
                });
            }),
            ("closing_account", |case| {
                session(case).is_closing_account = false;
            }),
            ("unsupported_response_type", |case| {
                case.params.response_type = Some("code".into());
            }),
            ("state_too_long", |case| case.params.state = None),
            ("missing_code_challenge", |case| {
                case.params.code_challenge = Some(CHALLENGE.into());
                case.params.code_challenge_method = Some("S256".into());
            }),
            ("unknown_scope", |case| case.params.scope = None),
        ];
        for (expected, mend) in steps {
            assert_eq!(name_of(&wrong), expected);
            mend(&mut wrong);
        }
        assert_eq!(name_of(&wrong), "user_cap_reached");
        client(&mut wrong).is_verified = true;
        assert_eq!(name_of(&wrong), "consent");
    }

    fn name_of(case: &Case) -> &'static str {
        match decide_case(case) {
            Err(refusal) => refusal.cause().name,
            Ok(Outcome::SignIn) => "sign in",
            Ok(Outcome::ShowConsent(_)) => "consent",
            Ok(Outcome::IssueCode { .. }) => "code",
        }
    }
}
