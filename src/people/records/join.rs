//! From a proven identity to the person it belongs to: found, or new. Who is here already gets a
//! further one in [`mod@super::link`].

use serde_json::json;

use super::details::{Email, PersonUpdate};
use super::identity::{Claims, ExternalIdentity};
use super::store::{IdentityUse, ProgrammeRow};
use super::update::keep;
use super::{PeopleError, Person, rules, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// Somebody who may come in.
#[derive(Debug)]
pub struct SignedInPerson {
    pub person: Person,
    /// The further addresses that have yet to be verified because of this.
    pub new_emails: Vec<i32>,
}

/// The person who signs in with this identity, noted as used now; if there is none, a new one made of
/// what the provider says. Nobody for an identity that belongs to somebody suspended, or of which the
/// provider says nothing.
///
/// Nothing but the pair of provider and subject finds anybody: a username that is taken is
/// [`PeopleError::UsernameTaken`], and not a guess that it is the same person.
pub async fn join(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Option<SignedInPerson>, PeopleError> {
    let mut used = use_identity(tx, identity, now).await?;
    if used.is_none() && identity.says.is_some() {
        // Two first sign-ins at the same moment are one person: the second finds the first one's.
        store::lock_identity(tx, identity.provider, &identity.subject).await?;
        follow_renaming(tx, identity, now, rng).await?;
        used = use_identity(tx, identity, now).await?;
    }
    let (id, new_emails) = match (used, identity.says.as_deref()) {
        (Some(used), says) => {
            if let Some(says) = says.filter(|says| says.is_directory && used.vouches) {
                refresh(tx, used.person, says, now, rng).await?;
            }
            (used.person, Vec::new())
        }
        (None, Some(says)) => {
            let owner = store::find_owner(&mut **tx, identity.provider, &identity.subject).await?;
            if owner.is_some() {
                return Ok(None);
            }
            insert(tx, identity, says, now, rng).await?
        }
        (None, None) => return Ok(None),
    };
    let person = store::find(&mut **tx, id).await?;
    Ok(person.map(|person| SignedInPerson { person, new_emails }))
}

/// Notes that an identity was used. Nobody for one that belongs to nobody, or to somebody suspended.
pub(super) async fn use_identity(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    now: Timestamp,
) -> Result<Option<IdentityUse>, PeopleError> {
    let second_key = identity
        .says
        .as_ref()
        .and_then(|says| says.second_key.as_deref());
    let used = store::mark_identity_used(
        &mut **tx,
        identity.provider,
        &identity.subject,
        second_key,
        now,
    );
    let used = used
        .await
        .map_err(|error| error.map_constraint(SECOND_KEYS, PeopleError::OtherSecondKey))?;
    // One of a provider's two keys with another partner than before: an account that was given to
    // somebody else, or a mistake over there. Either way nobody comes in by it.
    match used {
        Some(used) if second_key.is_some() && used.second_key.as_deref() != second_key => {
            Err(PeopleError::OtherSecondKey)
        }
        used => Ok(used),
    }
}

/// A directory's entry under a new name is who it was: its second key is the directory's own and is
/// never given again.
async fn follow_renaming(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    let says = identity.says.as_ref().filter(|says| says.is_directory);
    let Some(second_key) = says.and_then(|says| says.second_key.as_deref()) else {
        return Ok(());
    };
    let renamed =
        store::rename_identity(&mut **tx, identity.provider, second_key, &identity.subject).await?;
    if let Some(person) = renamed {
        let entry = AuditEntry::of("identity.renamed").about(person);
        let entry = entry.with(json!({ "provider": identity.provider }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

/// No two people of a provider have the same second key.
const SECOND_KEYS: &str = "linked_identities_provider_stable_id_key";

/// What a directory says now, in place of what it said before.
async fn refresh(
    tx: &mut Tx,
    person: PersonId,
    says: &Claims,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    if store::refresh(&mut **tx, person, &says.details.columns, now).await? {
        let entry = AuditEntry::of("person.refreshed").about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

/// Somebody new, and the further addresses of theirs that have yet to be verified.
async fn insert(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    says: &Claims,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(PersonId, Vec<i32>), PeopleError> {
    let added = store::insert(&mut **tx, &says.username, None, now).await;
    let id = added
        .map_err(|error| error.map_constraint("people_username_key", PeopleError::UsernameTaken))?;
    let columns = PersonUpdate {
        columns: says.details.columns.clone(),
        ..PersonUpdate::default()
    };
    let primary = keep(tx, id, &columns, now).await?;
    // A directory knows what people are called; a portal that people pass through may not.
    store::mark_vouched(&mut **tx, id, identity.provider, !says.is_directory).await?;
    let programme = programme(&says.details, now);
    store::put_programme(tx, id, &programme, says.is_inferred).await?;
    let further: Vec<Email> = (says.unproven_email.iter())
        .filter(|email| !email.as_str().eq_ignore_ascii_case(&primary))
        .cloned()
        .collect();
    let new_emails = match &says.details.secondary_emails {
        Some(proved) => {
            rules::check_emails(proved, &primary)?;
            store::put_secondary_emails(tx, id, proved, now).await?;
            Vec::new()
        }
        None => store::put_own_emails(tx, id, &further).await?,
    };
    store::insert_identity(tx, identity.provider, &identity.subject, id, now).await?;
    use_identity(tx, identity, now).await?;
    let entry = AuditEntry::of("person.added").about(id);
    let entry = entry.with(json!({ "through": identity.provider }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok((id, new_emails))
}

/// What a new person studies, as far as it was said. Years that cannot be are left out: nobody is kept
/// from signing in by them.
fn programme(details: &PersonUpdate, now: Timestamp) -> ProgrammeRow {
    let join = details.join_year.after(None);
    let graduation = details.graduation_year.after(None);
    let is_fit = rules::check_years(join, graduation, now.year()).is_ok();
    ProgrammeRow {
        department: details.department.clone().after(None),
        degree: details.degree.clone().after(None),
        join_year: join.filter(|_| is_fit),
        graduation_year: graduation.filter(|_| is_fit),
    }
}
