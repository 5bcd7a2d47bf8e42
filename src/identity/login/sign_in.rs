//! From a proved identity to the data of a session.

use serde_json::json;

use crate::people::records;
use crate::people::records::{PeopleError, ProvenIdentity, SignedInPerson};
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::{SessionLifetime, UserSession};
use crate::platform::{audit, mail};

/// A login of a person who is found. [`super::start_session`] makes a session of it.
#[derive(Debug)]
pub struct VerifiedLogin {
    pub session: UserSession,
    /// The person has closed the account. It can still be kept.
    pub is_closing_account: bool,
}

/// Finds the person who has this identity, and writes the login to the audit log. An unknown identity
/// creates a person, if its provider gives claims. `None` if it gives none, or if the person is suspended.
/// [`PeopleError::Superseded`] after a credential event of the person.
pub async fn sign_in(
    tx: &mut Tx,
    proven: &ProvenIdentity,
    lifetime: SessionLifetime,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Option<VerifiedLogin>, PeopleError> {
    let joined = records::find_or_create(tx, proven, now, rng).await?;
    let Some(SignedInPerson {
        person,
        epoch,
        new_emails,
    }) = joined
    else {
        return Ok(None);
    };
    for address in new_emails {
        let detail = json!({ "address": address, "epoch": epoch });
        mail::enqueue(&mut **tx, mail::EMAIL_ADDED, person.id, detail, now, rng).await?;
    }
    let entry = AuditEntry::of("person.signed_in")
        .by(person.id)
        .about(person.id);
    let entry = entry.with(json!({ "through": proven.identity.provider }));
    audit::record(&mut **tx, entry, now, rng).await?;
    let closing = records::find_closing(&mut **tx, person.id).await?;
    Ok(Some(VerifiedLogin {
        session: UserSession {
            name: person.full_name(),
            person: person.id,
            epoch,
            username: person.username,
            is_admin: person.is_admin,
            signed_in_at: now,
            lifetime,
            device: None,
            place: None,
        },
        is_closing_account: closing.is_some(),
    }))
}

/// Links an identity to a person who is signed in, and sends a mail about it. Returns whether it is new.
pub async fn link_identity(
    tx: &mut Tx,
    person: PersonId,
    proven: &ProvenIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<bool, PeopleError> {
    let is_new = records::link(tx, person, proven, now, rng).await?;
    if is_new {
        let detail = json!({ "at": now.unix_timestamp() });
        mail::enqueue(&mut **tx, "way_in_added", person, detail, now, rng).await?;
    }
    Ok(is_new)
}
