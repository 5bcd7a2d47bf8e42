//! From a proven identity to a session of the person's own.

use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::people;
use crate::people::PeopleError;
use crate::upstream::Identity;
use crate::web::LifeTime;
use crate::web::Visit;

/// Who signs in with this identity, noted; nobody for one that belongs to nobody here.
pub(super) async fn sign_in(
    tx: &mut Tx,
    identity: &Identity,
    lifetime: LifeTime,
    now: Moment,
    entropy: &dyn Entropy,
) -> Result<Option<Visit>, PeopleError> {
    let person = people::recognise(tx, identity.provider, &identity.subject, now).await?;
    let Some(person) = person else {
        return Ok(None);
    };
    let entry = Entry::of("person.signed_in").by(person.id).about(person.id);
    let entry = entry.with(json!({ "through": identity.provider }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok(Some(Visit {
        name: person.full_name(),
        person: person.id,
        username: person.username,
        is_admin: person.is_admin,
        signed_in_at: now,
        lifetime,
        device: None,
    }))
}
