//! Allow or deny.

use serde_json::json;

use super::model::AuthorizationRequest;
use super::store;
use crate::people::fields::{Field, FieldSet};
use crate::people::records;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, GrantId, PersonId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::web::FormParams;
use crate::platform::{audit, db};
use crate::protocol::grants::{GrantOutcome, NewConsent};
use crate::protocol::oauth::{OAuthError, OAuthErrorCode as ErrorCode};
use crate::protocol::scope::{GrantedAccess, Scope, ScopeSet};
use crate::protocol::{grants, token};

/// What the person pressed, with what stayed ticked.
#[derive(Debug, Clone, Copy)]
pub(super) enum ConsentDecision {
    Deny,
    Allow {
        chosen: GrantedAccess,
        forged: usize,
    },
}

impl ConsentDecision {
    /// Reads the consent form. A field counts only if it and its scope are ticked and both were asked
    /// for; what was not asked for is dropped and counted.
    pub(super) fn read(form: &FormParams, asked: ScopeSet) -> Option<Self> {
        match form.one("decision").ok().flatten()? {
            "deny" => Some(Self::Deny),
            "allow" => {
                let asked = grants::with_compulsory(asked);
                let scopes: Vec<_> = form.all("scope").map(Scope::named).collect();
                let fields: Vec<_> = form.all("field").map(Field::named).collect();
                let opened = asked.fields();
                let forged_scope =
                    |scope: &&Option<Scope>| !scope.is_some_and(|scope| asked.contains(scope));
                let forged_field =
                    |field: &&Option<Field>| !field.is_some_and(|field| opened.contains(field));
                let forged = scopes.iter().filter(forged_scope).count()
                    + fields.iter().filter(forged_field).count();
                let scopes: ScopeSet = scopes.into_iter().flatten().collect();
                let fields: FieldSet = fields.into_iter().flatten().collect();
                let chosen =
                    GrantedAccess::of(scopes, fields).intersection(GrantedAccess::whole(asked));
                Some(Self::Allow { chosen, forged })
            }
            _ => None,
        }
    }
}

/// How it ended.
#[derive(Debug)]
pub(super) enum ConsentOutcome {
    Code(Secret),
    Refused(OAuthError),
    Full,
    Gone,
    /// They closed their account while the page was open.
    Leaving,
}

/// Gives the grant and a code under it, or notes the denial.
pub(super) async fn decide(
    tx: &mut Tx,
    (person, app): (PersonId, AppId),
    request: &AuthorizationRequest,
    decision: ConsentDecision,
    cap: i32,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<ConsentOutcome> {
    let ConsentDecision::Allow { chosen, forged } = decision else {
        let entry = AuditEntry::of("grant.denied")
            .by(person)
            .about(person)
            .on_app(app);
        audit::record(&mut **tx, entry, now, rng).await?;
        let denied = OAuthError::new(ErrorCode::AccessDenied, "The person did not allow it.");
        return Ok(ConsentOutcome::Refused(denied));
    };
    if records::find_leaving(&mut **tx, person).await?.is_some() {
        return Ok(ConsentOutcome::Leaving);
    }
    if forged > 0 {
        let entry = AuditEntry::of("consent.forged")
            .by(person)
            .about(person)
            .on_app(app);
        let entry = entry.with(json!({ "dropped": forged }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    let giving = NewConsent {
        person,
        app,
        asked: request.scopes,
        chosen,
        cap,
    };
    match grants::give(tx, &giving, now, rng).await? {
        GrantOutcome::Grant { id, share } => issue(tx, id, share, request, now, rng)
            .await
            .map(ConsentOutcome::Code),
        GrantOutcome::Full => Ok(ConsentOutcome::Full),
        GrantOutcome::Gone => Ok(ConsentOutcome::Gone),
    }
}

/// A code under a grant.
pub(super) async fn issue(
    connection: &mut db::Connection,
    grant: GrantId,
    share: GrantedAccess,
    request: &AuthorizationRequest,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Secret> {
    let code = token::code(now, rng);
    store::insert_code(connection, grant, share, request, &code, now).await?;
    Ok(code.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, asked: &str) -> Option<(GrantedAccess, usize)> {
        let form = FormParams::parse(form.as_bytes()).unwrap();
        match ConsentDecision::read(&form, ScopeSet::parse(asked).unwrap())? {
            ConsentDecision::Allow { chosen, forged } => Some((chosen, forged)),
            ConsentDecision::Deny => None,
        }
    }

    #[test]
    fn a_field_counts_only_with_its_scope_and_a_scope_only_with_a_field() {
        let form = "decision=allow&scope=phone&field=contacts&field=username&scope=sex";
        let (chosen, forged) = read(form, "phone ldap sex").unwrap();
        assert_eq!(chosen.scopes().to_string(), "phone");
        assert_eq!(chosen.fields().to_string(), "contacts");
        assert_eq!(forged, 0);
    }

    #[test]
    fn what_was_not_asked_is_dropped_and_counted() {
        let form = "decision=allow&scope=sex&field=sex&scope=bogus&scope=profile&field=first_name";
        let (chosen, forged) = read(form, "profile").unwrap();
        assert_eq!(chosen.fields().to_string(), "first_name");
        assert_eq!(forged, 3);
    }

    #[test]
    fn only_two_buttons_decide_and_not_both() {
        for form in [
            "decision=yes",
            "decision=",
            "",
            "decision=allow&decision=deny",
        ] {
            let form = FormParams::parse(form.as_bytes()).unwrap();
            assert!(ConsentDecision::read(&form, ScopeSet::EMPTY).is_none());
        }
    }
}
