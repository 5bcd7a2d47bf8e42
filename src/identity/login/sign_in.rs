//! From a proven identity to a session of the person's own.

use serde_json::json;

use crate::people::records;
use crate::people::records::{Identity, Joined, PeopleError};
use crate::platform::audit::Entry;
use crate::platform::clock::Moment;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Entropy;
use crate::platform::web::{LifeTime, Visit};
use crate::platform::{audit, mail};

/// Somebody who came in.
#[derive(Debug)]
pub struct CameIn {
    pub visit: Visit,
    /// They have closed their account, and may keep it or go.
    pub is_leaving: bool,
}

/// Who signs in with this identity, noted: somebody new if it is nobody's yet and its provider says who
/// they are. Nobody if it does not, or for somebody suspended.
pub async fn sign_in(
    tx: &mut Tx,
    identity: &Identity,
    lifetime: LifeTime,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Option<CameIn>, PeopleError> {
    let joined = records::join(tx, identity, now, entropy).await?;
    let Some(Joined { person, new_emails }) = joined else {
        return Ok(None);
    };
    for address in new_emails {
        let detail = json!({ "address": address });
        mail::put(
            &mut **tx,
            mail::EMAIL_ADDED,
            person.id,
            detail,
            now,
            entropy,
        )
        .await?;
    }
    let entry = Entry::of("person.signed_in").by(person.id).about(person.id);
    let entry = entry.with(json!({ "through": identity.provider }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    let leaving = records::find_leaving(&mut **tx, person.id).await?;
    Ok(Some(CameIn {
        visit: Visit {
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
    identity: &Identity,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<bool, PeopleError> {
    let is_new = records::link(tx, person, identity, now, entropy).await?;
    if is_new {
        let detail = json!({ "at": now.unix_timestamp() });
        mail::put(&mut **tx, "way_in_added", person, detail, now, entropy).await?;
    }
    Ok(is_new)
}
