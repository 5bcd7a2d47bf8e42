//! From a proven identity to a session of the person's own.

use serde_json::json;

use crate::people::records;
use crate::people::records::{ExternalIdentity, PeopleError, SignedInPerson};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::{SessionLifetime, UserSession};
use crate::platform::{audit, mail};

/// Somebody who came in.
#[derive(Debug)]
pub struct VerifiedLogin {
    pub visit: UserSession,
    /// They have closed their account, and may keep it or go.
    pub is_leaving: bool,
}

/// Who signs in with this identity, noted: somebody new if it is nobody's yet and its provider says who
/// they are. Nobody if it does not, or for somebody suspended.
pub async fn sign_in(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    lifetime: SessionLifetime,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Option<VerifiedLogin>, PeopleError> {
    let joined = records::join(tx, identity, now, rng).await?;
    let Some(SignedInPerson { person, new_emails }) = joined else {
        return Ok(None);
    };
    for address in new_emails {
        let detail = json!({ "address": address });
        mail::enqueue(&mut **tx, mail::EMAIL_ADDED, person.id, detail, now, rng).await?;
    }
    let entry = AuditEntry::of("person.signed_in")
        .by(person.id)
        .about(person.id);
    let entry = entry.with(json!({ "through": identity.provider }));
    audit::record(&mut **tx, entry, now, rng).await?;
    let leaving = records::find_leaving(&mut **tx, person.id).await?;
    Ok(Some(VerifiedLogin {
        visit: UserSession {
            name: person.full_name(),
            person: person.id,
            username: person.username,
            is_admin: person.is_admin,
            signed_in_at: now,
            lifetime,
            device: None,
            place: None,
        },
        is_leaving: leaving.is_some(),
    }))
}

/// Gives this identity to somebody who is signed in, and tells them by mail. Whether it is new to them
/// is the answer.
pub async fn link(
    tx: &mut Tx,
    person: PersonId,
    identity: &ExternalIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    let is_new = records::link(tx, person, identity, now, rng).await?;
    if is_new {
        let detail = json!({ "at": now.unix_timestamp() });
        mail::enqueue(&mut **tx, "way_in_added", person, detail, now, rng).await?;
    }
    Ok(is_new)
}
