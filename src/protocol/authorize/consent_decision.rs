//! The decision about a consent form. Pure: the form, the request it answers and the client's
//! registration in, what to do out.

use super::model::{AuthorizationRequest, CurrentRegistration};
use super::refusal::NonRedirectableError;
use crate::people::fields::{Field, FieldSet};
use crate::platform::web::FormParams;
use crate::protocol::grants;
use crate::protocol::scope::{GrantedAccess, Scope, ScopeSet};

/// The button that the person pressed, with what is ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsentDecision {
    Deny,
    Allow {
        chosen: GrantedAccess,
        /// How many scopes and fields of the form were not requested. They are dropped.
        forged: usize,
    },
}

impl ConsentDecision {
    /// Reads the consent form. A field counts only if it and its scope are ticked and both were
    /// requested.
    pub(super) fn parse(form: &FormParams, requested: ScopeSet) -> Option<Self> {
        match form.one("decision").ok().flatten()? {
            "deny" => Some(Self::Deny),
            "allow" => {
                let requested = GrantedAccess::whole(grants::with_required_scope(requested));
                let scopes: Vec<_> = form.all("scope").map(Scope::named).collect();
                let fields: Vec<_> = form.all("field").map(Field::named).collect();
                let is_forged_scope = |scope: &&Option<Scope>| {
                    !scope.is_some_and(|scope| requested.scopes().contains(scope))
                };
                let is_forged_field = |field: &&Option<Field>| {
                    !field.is_some_and(|field| requested.fields().contains(field))
                };
                let forged = scopes.iter().filter(is_forged_scope).count()
                    + fields.iter().filter(is_forged_field).count();
                let scopes: ScopeSet = scopes.into_iter().flatten().collect();
                let fields: FieldSet = fields.into_iter().flatten().collect();
                let chosen = GrantedAccess::of(scopes, fields).intersection(requested);
                Some(Self::Allow { chosen, forged })
            }
            _ => None,
        }
    }
}

/// Decides what happens with the form of a consent page.
pub(super) fn decide_consent(
    request: &AuthorizationRequest,
    registration: &CurrentRegistration,
    form: &FormParams,
    is_closing_account: bool,
) -> Result<ConsentDecision, NonRedirectableError> {
    check_still_valid(request, registration)?;
    let decision = ConsentDecision::parse(form, request.scopes)
        .ok_or(NonRedirectableError::MissingDecision)?;
    if is_closing_account && decision != ConsentDecision::Deny {
        return Err(NonRedirectableError::ClosingAccount {
            app: registration.name.clone(),
        });
    }
    Ok(decision)
}

/// The owner may have removed the redirect URI, or required PKCE, while the page was open.
fn check_still_valid(
    request: &AuthorizationRequest,
    registration: &CurrentRegistration,
) -> Result<(), NonRedirectableError> {
    let requested = request.target.redirect_uri.as_str();
    let registered = &registration.redirect_uris;
    let is_registered = registered.iter().any(|uri| uri.matches(requested));
    if is_registered && (request.code_challenge.is_some() || !registration.must_use_pkce) {
        Ok(())
    } else {
        Err(NonRedirectableError::ClientChanged)
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{ResponseMode, ResponseTarget};
    use super::*;
    use crate::protocol::oauth::{Challenge, RedirectUri};

    const CALLBACK: &str = "https://app.example/cb";

    fn form(encoded: &str) -> FormParams {
        FormParams::parse(encoded.as_bytes()).unwrap()
    }

    fn parse(encoded: &str, requested: &str) -> Option<(GrantedAccess, usize)> {
        let requested = ScopeSet::parse(requested).unwrap();
        match ConsentDecision::parse(&form(encoded), requested)? {
            ConsentDecision::Allow { chosen, forged } => Some((chosen, forged)),
            ConsentDecision::Deny => None,
        }
    }

    fn request() -> AuthorizationRequest {
        AuthorizationRequest {
            target: ResponseTarget {
                redirect_uri: RedirectUri::registered(CALLBACK.into()),
                state: None,
                response_mode: ResponseMode::Query,
            },
            scopes: ScopeSet::parse("profile").unwrap(),
            code_challenge: None,
            forces_consent: false,
        }
    }

    fn registration() -> CurrentRegistration {
        CurrentRegistration {
            name: "Mess Menu".into(),
            redirect_uris: vec![RedirectUri::registered(CALLBACK.into())],
            must_use_pkce: false,
        }
    }

    fn decide(encoded: &str, is_closing: bool) -> Result<ConsentDecision, NonRedirectableError> {
        decide_consent(&request(), &registration(), &form(encoded), is_closing)
    }

    #[test]
    fn a_field_counts_only_with_its_scope_and_a_scope_only_with_a_field() {
        let form = "decision=allow&scope=phone&field=contacts&field=username&scope=sex";
        let (chosen, forged) = parse(form, "phone ldap sex").unwrap();
        assert_eq!(chosen.scopes().to_string(), "phone");
        assert_eq!(chosen.fields().to_string(), "contacts");
        assert_eq!(forged, 0);
    }

    #[test]
    fn what_was_not_requested_is_dropped_and_counted() {
        let form = "decision=allow&scope=sex&field=sex&scope=bogus&scope=profile&field=first_name";
        let (chosen, forged) = parse(form, "profile").unwrap();
        assert_eq!(chosen.fields().to_string(), "first_name");
        assert_eq!(forged, 3);
    }

    #[test]
    fn a_form_has_exactly_one_of_two_decisions() {
        assert_eq!(decide("decision=deny", false), Ok(ConsentDecision::Deny));
        assert!(decide("decision=allow", false).is_ok());
        for encoded in [
            "decision=yes",
            "decision=",
            "",
            "decision=allow&decision=deny",
        ] {
            let missing = Err(NonRedirectableError::MissingDecision);
            assert_eq!(decide(encoded, false), missing);
        }
    }

    #[test]
    fn a_closed_account_can_deny_and_not_allow() {
        assert_eq!(decide("decision=deny", true), Ok(ConsentDecision::Deny));
        let app = "Mess Menu".to_owned();
        let closing = NonRedirectableError::ClosingAccount { app };
        assert_eq!(decide("decision=allow", true), Err(closing));
    }

    #[test]
    fn a_redirect_uri_that_was_removed_receives_nothing() {
        let moved = CurrentRegistration {
            redirect_uris: vec![RedirectUri::registered("https://app.example/new".into())],
            ..registration()
        };
        let decision = decide_consent(&request(), &moved, &form("decision=allow"), false);
        assert_eq!(decision, Err(NonRedirectableError::ClientChanged));
    }

    #[test]
    fn pkce_that_is_required_meanwhile_refuses_a_request_without_it() {
        let stricter = CurrentRegistration {
            must_use_pkce: true,
            ..registration()
        };
        let allow = form("decision=allow");
        let without = decide_consent(&request(), &stricter, &allow, false);
        assert_eq!(without, Err(NonRedirectableError::ClientChanged));
        let with_pkce = AuthorizationRequest {
            code_challenge: Some(Challenge::stored("c".repeat(43))),
            ..request()
        };
        assert!(decide_consent(&with_pkce, &stricter, &allow, false).is_ok());
    }
}
