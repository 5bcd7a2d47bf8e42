//! What somebody changes about themself.

use serde_json::json;

use super::details::{PersonUpdate, Update};
use super::model::ChoiceKind;
use super::update::{keep, unknown};
use super::{PeopleError, rules, store};
use crate::people::fields::{Field, ProfileSection};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// What a change leaves to be done.
#[derive(Debug, PartialEq, Eq)]
pub struct EditOutcome {
    /// A picture that nothing shows any more.
    pub old_picture: Option<String>,
    /// Addresses that have yet to be verified.
    pub new_emails: Vec<i32>,
}

/// Changes what is given and nothing else, as the person's own deed: only what is on offer may be
/// chosen, and further addresses count once they are verified.
pub async fn edit(
    tx: &mut Tx,
    person: PersonId,
    mut wanted: PersonUpdate,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<EditOutcome, PeopleError> {
    let picture = store::lock(tx, person).await?.ok_or(PeopleError::Nobody)?;
    let changed = wanted.changed_fields();
    let is_name = |field: &Field| field.row().section == ProfileSection::Name;
    let may_edit_names =
        changed.iter().any(is_name) && store::owns_names(&mut **tx, person).await?;
    for field in &changed {
        rules::check_editable(*field, may_edit_names)?;
    }
    rules::check_visible(&wanted.columns)?;
    let emails = wanted.secondary_emails.take();
    check_offered(tx, person, &wanted).await?;
    let primary = keep(tx, person, &wanted, now).await?;
    let new_emails = match emails {
        Some(emails) => {
            rules::check_emails(&emails, &primary)?;
            store::put_own_emails(tx, person, &emails).await?
        }
        None => Vec::new(),
    };
    let names: Vec<_> = changed.into_iter().map(Field::name).collect();
    let entry = AuditEntry::of("profile.edited").by(person).about(person);
    let entry = entry.with(json!({ "fields": names }));
    audit::record(&mut **tx, entry, now, rng).await?;
    let stays = wanted.columns.profile_picture.is_keep();
    Ok(EditOutcome {
        old_picture: picture.filter(|_| !stays),
        new_emails,
    })
}

async fn check_offered(
    tx: &mut Tx,
    person: PersonId,
    wanted: &PersonUpdate,
) -> Result<(), PeopleError> {
    let address = store::find_address(&mut **tx, person).await?;
    let programme = store::find_programme(&mut **tx, person).await?;
    let (hostel, (department, degree)) = (
        address.and_then(|it| it.hostel),
        programme.map_or((None, None), |it| (it.department, it.degree)),
    );
    for (kind, change, carried) in [
        (ChoiceKind::Hostel, &wanted.hostel, hostel),
        (ChoiceKind::Department, &wanted.department, department),
        (ChoiceKind::Degree, &wanted.degree, degree),
    ] {
        let Update::Set(code) = change else { continue };
        let choice = store::find_choice(&mut **tx, kind, code).await?;
        if !rules::may_choose(code, choice.as_ref(), carried.as_deref()) {
            return Err(unknown(kind.as_str()).into());
        }
    }
    Ok(())
}
