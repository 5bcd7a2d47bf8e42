//! Finds or creates the person of a proven identity. [`mod@super::link`] links an identity to an existing
//! person.

use serde_json::json;

use super::details::{ColumnUpdates, Email, PersonUpdate};
use super::identity::{Claims, ExternalIdentity, ProvenIdentity};
use super::store::{IdentityUse, ProgrammeRow};
use super::update::write_update;
use super::{PeopleError, Person, credential_epoch, rules, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::credential_epoch::CredentialEpoch;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// A person who may sign in.
#[derive(Debug)]
pub struct SignedInPerson {
    pub person: Person,
    /// The epoch of the person, whose row is locked.
    pub epoch: CredentialEpoch,
    /// Ids of new secondary addresses, which have to be verified.
    pub new_emails: Vec<i32>,
}

/// Returns the person of this identity and records its use; creates a person from the provider's claims if
/// the identity is unknown. None for an identity of a suspended person, and for an unknown one without
/// claims.
///
/// Only the pair of provider and subject finds a person: a username that exists is
/// [`PeopleError::UsernameTaken`], because an equal name does not prove that it is the same person.
///
/// [`PeopleError::Superseded`] if a credential event of the person came after the proof began.
pub async fn find_or_create(
    tx: &mut Tx,
    proven: &ProvenIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<Option<SignedInPerson>, PeopleError> {
    let identity = &proven.identity;
    lock_owner(tx, proven).await?;
    let mut used = use_identity(tx, identity, now).await?;
    if used.is_none() && identity.claims.is_some() {
        // Two first sign-ins at the same moment create one person: the second waits and finds it.
        store::lock_identity(tx, identity.provider, &identity.subject).await?;
        follow_renaming(tx, proven, now, rng).await?;
        lock_owner(tx, proven).await?;
        used = use_identity(tx, identity, now).await?;
    }
    let (id, new_emails) = match (used, identity.claims.as_deref()) {
        (Some(used), claims) => {
            if let Some(claims) =
                claims.filter(|claims| claims.is_authoritative && used.is_authoritative)
            {
                refresh_from_directory(tx, used.person, claims, now, rng).await?;
            }
            (used.person, Vec::new())
        }
        (None, Some(claims)) => {
            let owner = store::find_owner(&mut **tx, identity.provider, &identity.subject).await?;
            if owner.is_some() {
                return Ok(None);
            }
            insert_person(tx, identity, claims, now, rng).await?
        }
        (None, None) => return Ok(None),
    };
    // Whoever owns the identity now was locked above, or has just been created.
    let epoch = credential_epoch::lock_epoch(tx, id, proven.epoch).await?;
    let person = store::find(&mut **tx, id).await?;
    Ok(person.map(|person| SignedInPerson {
        person,
        epoch,
        new_emails,
    }))
}

/// Locks the owner of an identity, if there is one. A suspended owner is left to the statements that follow.
///
/// The person is locked before the identity, as in a credential event, so the two cannot block each other.
async fn lock_owner(tx: &mut Tx, proven: &ProvenIdentity) -> Result<(), PeopleError> {
    let ExternalIdentity {
        provider, subject, ..
    } = &proven.identity;
    match store::find_owner(&mut **tx, provider, subject).await? {
        Some(owner) => lock_unless_superseded(tx, owner, proven.epoch).await,
        None => Ok(()),
    }
}

async fn lock_unless_superseded(
    tx: &mut Tx,
    person: PersonId,
    seen: CredentialEpoch,
) -> Result<(), PeopleError> {
    let locked = store::lock_epoch(tx, person).await?;
    match locked.filter(|locked| !locked.is_suspended) {
        Some(locked) if !seen.covers(locked.epoch) => Err(PeopleError::Superseded),
        _ => Ok(()),
    }
}

/// Records the use of an identity. None for an unknown identity and for one of a suspended person.
pub(super) async fn use_identity(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    now: Timestamp,
) -> Result<Option<IdentityUse>, PeopleError> {
    let stable_id = identity
        .claims
        .as_ref()
        .and_then(|claims| claims.stable_id.as_deref());
    let used = store::mark_identity_used(
        &mut **tx,
        identity.provider,
        &identity.subject,
        stable_id,
        now,
    );
    let used = used
        .await
        .map_err(|error| error.map_constraint(STABLE_ID_KEY, PeopleError::OtherStableId))?;
    // Subject and stable id no longer belong together: the account was given to another person, or the
    // provider made a mistake. The sign-in is refused either way.
    match used {
        Some(used) if stable_id.is_some() && used.stable_id.as_deref() != stable_id => {
            Err(PeopleError::OtherStableId)
        }
        used => Ok(used),
    }
}

/// Finds a renamed account by its stable id, which a directory never gives to another entry.
async fn follow_renaming(
    tx: &mut Tx,
    ProvenIdentity { identity, epoch }: &ProvenIdentity,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    let claims = identity
        .claims
        .as_ref()
        .filter(|claims| claims.is_authoritative);
    let Some(stable_id) = claims.and_then(|claims| claims.stable_id.as_deref()) else {
        return Ok(());
    };
    let owner = store::find_owner_by_stable_id(&mut **tx, identity.provider, stable_id).await?;
    if let Some(owner) = owner {
        lock_unless_superseded(tx, owner, *epoch).await?;
    }
    let renamed =
        store::rename_identity(&mut **tx, identity.provider, stable_id, &identity.subject).await?;
    if let Some(person) = renamed {
        let entry = AuditEntry::of("identity.renamed").about(person);
        let entry = entry.with(json!({ "provider": identity.provider }));
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

/// Each stable id of a provider belongs to one person.
const STABLE_ID_KEY: &str = "linked_identities_provider_stable_id_key";

/// Writes the current claims of a directory over the stored ones.
async fn refresh_from_directory(
    tx: &mut Tx,
    person: PersonId,
    claims: &Claims,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    if store::refresh(&mut **tx, person, &claims.details.columns, now).await? {
        let entry = AuditEntry::of("person.refreshed").about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    fill_names(tx, person, claims, now).await
}

/// Gives a person without any name the one that the provider has as a whole.
async fn fill_names(
    tx: &mut Tx,
    person: PersonId,
    claims: &Claims,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let Some((first, last)) = claims.fallback_names.clone() else {
        return Ok(());
    };
    let known = store::find(&mut **tx, person).await?;
    if known.is_some_and(|known| known.first_name.is_empty() && known.last_name.is_empty()) {
        let names = ColumnUpdates {
            first_name: Some(first),
            last_name: Some(last),
            ..ColumnUpdates::default()
        };
        store::refresh(&mut **tx, person, &names, now).await?;
    }
    Ok(())
}

/// Creates a person. Returns the ids of secondary addresses that have to be verified.
async fn insert_person(
    tx: &mut Tx,
    identity: &ExternalIdentity,
    claims: &Claims,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(PersonId, Vec<i32>), PeopleError> {
    let added = store::insert(&mut **tx, &claims.username, None, now).await;
    let id = added
        .map_err(|error| error.map_constraint("people_username_key", PeopleError::UsernameTaken))?;
    let columns = PersonUpdate {
        columns: claims.details.columns.clone(),
        ..PersonUpdate::default()
    };
    let primary = write_update(tx, id, &columns, now).await?;
    fill_names(tx, id, claims, now).await?;
    // A directory has the names of people; another provider may not.
    store::mark_source(&mut **tx, id, identity.provider, !claims.is_authoritative).await?;
    let programme = programme_of(&claims.details, now);
    store::put_programme(tx, id, &programme, claims.is_inferred).await?;
    let further: Vec<Email> = (claims.unverified_email.iter())
        .filter(|email| !email.as_str().eq_ignore_ascii_case(&primary))
        .cloned()
        .collect();
    let new_emails = match &claims.details.secondary_emails {
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

/// The programme of a new person. Invalid years are left out, so that they do not prevent a sign-in.
fn programme_of(details: &PersonUpdate, now: Timestamp) -> ProgrammeRow {
    let join = details.join_year.after(None);
    let graduation = details.graduation_year.after(None);
    let are_years_valid = rules::check_years(join, graduation, now.year()).is_ok();
    ProgrammeRow {
        department: details.department.clone().after(None),
        degree: details.degree.clone().after(None),
        join_year: join.filter(|_| are_years_valid),
        graduation_year: graduation.filter(|_| are_years_valid),
    }
}
