//! The answer to a consent page.

use std::time::Duration;

use serde_json::json;

use super::consent_decision::{ConsentDecision, decide_consent};
use super::issue_code::issue_code;
use super::model::{AuthorizationRequest, ResponseTarget};
use super::refusal::NonRedirectableError;
use super::store;
use crate::people::records;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId, RequestId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;
use crate::platform::web::FormParams;
use crate::platform::{audit, db};
use crate::protocol::grants;
use crate::protocol::grants::{GrantOutcome, NewConsent};

/// How long a consent page can be answered.
pub(super) const REQUEST_LIFETIME: Duration = Duration::from_hours(1);

/// A consent form and who sent it.
#[derive(Debug)]
pub(super) struct ConsentAnswer<'a> {
    pub request: RequestId,
    pub person: PersonId,
    /// The epoch of their session.
    pub epoch: CredentialEpoch,
    pub form: &'a FormParams,
    /// How many people may connect an app that is not verified.
    pub user_cap: i32,
}

/// How the authorization request ends.
#[derive(Debug)]
pub(super) enum ConsentOutcome {
    Code {
        code: Secret,
        target: ResponseTarget,
    },
    Denied {
        target: ResponseTarget,
    },
    /// Nothing may be written: roll back.
    Refused {
        error: NonRedirectableError,
        app: Option<AppId>,
    },
}

/// Writes the grant and issues a code, or records the denial. The caller has locked the person.
pub(super) async fn answer_consent(
    tx: &mut Tx,
    answer: &ConsentAnswer<'_>,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<ConsentOutcome> {
    let asked_after = now - REQUEST_LIFETIME;
    let who = (answer.person, answer.epoch);
    let request = store::mark_answered(&mut **tx, answer.request, who, asked_after, now).await?;
    let Some((app, request)) = request else {
        return Ok(ConsentOutcome::Refused {
            error: NonRedirectableError::ConsentPageExpired,
            app: None,
        });
    };
    let refused = |error| ConsentOutcome::Refused {
        error,
        app: Some(app),
    };
    let Some(registration) = store::find_registration(&mut **tx, app).await? else {
        return Ok(refused(NonRedirectableError::ClientChanged));
    };
    let closing = records::find_closing(&mut **tx, answer.person).await?;
    let decision = decide_consent(&request, &registration, answer.form, closing.is_some());
    let (chosen, forged) = match decision {
        Err(error) => return Ok(refused(error)),
        Ok(ConsentDecision::Deny) => {
            let entry = entry("grant.denied", answer.person, app);
            audit::record(&mut **tx, entry, now, rng).await?;
            return Ok(ConsentOutcome::Denied {
                target: request.target,
            });
        }
        Ok(ConsentDecision::Allow { chosen, forged }) => (chosen, forged),
    };
    if forged > 0 {
        let entry = entry("consent.forged", answer.person, app);
        let entry = entry.with(json!({ "dropped": forged }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    let consent = NewConsent {
        person: answer.person,
        app,
        requested: request.scopes,
        chosen,
        cap: answer.user_cap,
    };
    match grants::store_consent(tx, &consent, now, rng).await? {
        GrantOutcome::Grant { id, granted } => {
            let grant = (id, answer.epoch);
            let Some(code) = issue_code(tx, grant, granted, &request, now, rng).await? else {
                return Ok(refused(NonRedirectableError::ConsentPageExpired));
            };
            let AuthorizationRequest { target, .. } = request;
            Ok(ConsentOutcome::Code { code, target })
        }
        GrantOutcome::CapReached => Ok(refused(NonRedirectableError::UserCapReached {
            app: registration.name,
        })),
        GrantOutcome::AppUnavailable => Ok(refused(NonRedirectableError::ClientChanged)),
    }
}

fn entry(event: &'static str, person: PersonId, app: AppId) -> AuditEntry {
    AuditEntry::of(event).by(person).about(person).on_app(app)
}
