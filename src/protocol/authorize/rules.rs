//! What happens next. Pure: facts in, one of three ways out.

use super::model::{AuthorizationRequest, ClientFacts, CurrentRegistration};
use crate::platform::id::{GrantId, PersonId};
use crate::protocol::grants;
use crate::protocol::oauth::RedirectKind;
use crate::protocol::scope::GrantedAccess;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorizeStep {
    /// Show the consent page.
    Ask,
    /// Everything was decided before: this grant gives this.
    Issue {
        grant: GrantId,
        share: GrantedAccess,
    },
    /// Not verified, and as many people as such an app may have.
    Full,
}

pub(super) fn next(
    asker: &ClientFacts,
    request: &AuthorizationRequest,
    person: PersonId,
    cap: i32,
) -> AuthorizeStep {
    let is_newcomer = !asker.was_admitted && asker.owner != person;
    if !asker.is_verified && is_newcomer && asker.admitted >= cap {
        return AuthorizeStep::Full;
    }
    match asker.live_grant {
        Some(grant)
            if !request.always_ask
                && may_skip(asker, request)
                && grants::covers(asker.decided, request.scopes) =>
        {
            let share = asker
                .decided
                .given
                .intersection(GrantedAccess::whole(request.scopes));
            AuthorizeStep::Issue { grant, share }
        }
        _ => AuthorizeStep::Ask,
    }
}

/// Whether a request that was shown may still be answered: its owner may have taken the address out, or
/// asked for PKCE, while the page was open.
pub(super) fn still_holds(request: &AuthorizationRequest, terms: &CurrentRegistration) -> bool {
    let asked = request.return_to.redirect_uri.as_str();
    let is_registered = terms.redirect_uris.iter().any(|known| known.matches(asked));
    is_registered && (request.challenge.is_some() || !terms.needs_challenge)
}

/// Whether the page may ever be skipped for this app: only where nobody else can stand in its place.
/// Any program on a machine can listen on a loopback port or claim a private scheme (RFC 8252 §8.6).
fn may_skip(asker: &ClientFacts, request: &AuthorizationRequest) -> bool {
    let assured = !asker.is_public || request.return_to.redirect_uri.reach() == RedirectKind::Web;
    asker.is_verified && assured
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::model::{ResponseMode, ResponseTarget};
    use super::*;
    use crate::platform::id::AppId;
    use crate::protocol::grants::ConsentRecord;
    use crate::protocol::oauth::RedirectUri;
    use crate::protocol::scope::ScopeSet;

    const ASHA: PersonId = PersonId(7);
    const OWNER: PersonId = PersonId(1);
    const GRANT: GrantId = GrantId(Uuid::nil());

    fn scopes(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    /// A verified confidential app that Asha allowed `basic profile`.
    fn known() -> ClientFacts {
        ClientFacts {
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
            admitted: 10,
            redirect_uris: Vec::new(),
            live_grant: Some(GRANT),
            was_admitted: true,
            is_leaving: false,
            decided: grants::after(
                ConsentRecord::default(),
                scopes("profile"),
                GrantedAccess::whole(scopes("profile")),
            ),
        }
    }

    fn asks(text: &str, redirect_uri: &str) -> AuthorizationRequest {
        let redirect_uri = RedirectUri::registered(redirect_uri.into());
        AuthorizationRequest {
            return_to: ResponseTarget {
                redirect_uri,
                state: None,
                through: ResponseMode::Redirect,
            },
            scopes: scopes(text),
            challenge: None,
            always_ask: false,
        }
    }

    fn next_of(asker: &ClientFacts, request: &AuthorizationRequest) -> AuthorizeStep {
        next(asker, request, ASHA, 10)
    }

    #[test]
    fn what_was_decided_is_not_asked_again() {
        let request = asks("basic profile", "https://app.example/cb");
        let share = GrantedAccess::whole(scopes("basic profile"));
        assert_eq!(
            next_of(&known(), &request),
            AuthorizeStep::Issue {
                grant: GRANT,
                share
            }
        );
        let narrower = asks("basic", "https://app.example/cb");
        let share = GrantedAccess::whole(scopes("basic"));
        assert_eq!(
            next_of(&known(), &narrower),
            AuthorizeStep::Issue {
                grant: GRANT,
                share
            }
        );
    }

    #[test]
    fn more_force_and_the_unassured_are_asked() {
        let web = "https://app.example/cb";
        assert_eq!(
            next_of(&known(), &asks("basic ldap", web)),
            AuthorizeStep::Ask
        );
        assert_eq!(
            next_of(
                &known(),
                &AuthorizationRequest {
                    always_ask: true,
                    ..asks("basic", web)
                }
            ),
            AuthorizeStep::Ask
        );
        let unverified = ClientFacts {
            is_verified: false,
            ..known()
        };
        assert_eq!(
            next_of(&unverified, &asks("basic", web)),
            AuthorizeStep::Ask
        );
        let public = ClientFacts {
            is_public: true,
            ..known()
        };
        assert_eq!(
            next_of(&public, &asks("basic", "http://127.0.0.1:1/cb")),
            AuthorizeStep::Ask
        );
        assert_eq!(
            next_of(&public, &asks("basic", "org.example.app:/cb")),
            AuthorizeStep::Ask
        );
        assert!(matches!(
            next_of(&public, &asks("basic", web)),
            AuthorizeStep::Issue { .. }
        ));
        let ended = ClientFacts {
            live_grant: None,
            ..known()
        };
        assert_eq!(next_of(&ended, &asks("basic", web)), AuthorizeStep::Ask);
    }

    #[test]
    fn a_full_app_takes_its_owner_and_those_already_in() {
        let web = asks("basic", "https://app.example/cb");
        let full = ClientFacts {
            is_verified: false,
            live_grant: None,
            was_admitted: false,
            ..known()
        };
        assert_eq!(next_of(&full, &web), AuthorizeStep::Full);
        assert_eq!(next(&full, &web, OWNER, 10), AuthorizeStep::Ask);
        assert_eq!(
            next_of(
                &ClientFacts {
                    was_admitted: true,
                    ..full.clone()
                },
                &web
            ),
            AuthorizeStep::Ask
        );
        assert_eq!(
            next_of(
                &ClientFacts {
                    admitted: 9,
                    ..full.clone()
                },
                &web
            ),
            AuthorizeStep::Ask
        );
        assert_eq!(
            next_of(
                &ClientFacts {
                    is_verified: true,
                    ..full
                },
                &web
            ),
            AuthorizeStep::Ask
        );
    }
}
