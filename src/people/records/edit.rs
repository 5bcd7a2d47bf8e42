//! Changes that a person makes to their own profile.

use serde_json::json;

use super::details::{PersonUpdate, Update};
use super::model::ChoiceKind;
use super::update::{unknown_code, write_update};
use super::{PeopleError, rules, store};
use crate::people::fields::{Field, ProfileSection};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;

/// What the caller has to do after a change.
#[derive(Debug, PartialEq, Eq)]
pub struct EditOutcome {
    /// The file of the old picture, which nothing refers to any more.
    pub old_picture: Option<String>,
    /// Ids of new addresses, which have to be verified.
    pub new_emails: Vec<i32>,
}

/// Writes an update that the person made. Choices must be on the lists, and new addresses are unverified.
pub async fn edit(
    tx: &mut Tx,
    person: PersonId,
    mut update: PersonUpdate,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<EditOutcome, PeopleError> {
    let picture = store::lock(tx, person)
        .await?
        .ok_or(PeopleError::UnknownPerson)?;
    let changed = update.changed_fields();
    let is_name = |field: &Field| field.row().section == ProfileSection::Name;
    let may_edit_names =
        changed.iter().any(is_name) && store::owns_names(&mut **tx, person).await?;
    for field in &changed {
        rules::check_editable(*field, may_edit_names)?;
    }
    rules::check_visible(&update.columns)?;
    let emails = update.secondary_emails.take();
    check_choices(tx, person, &update).await?;
    let primary = write_update(tx, person, &update, now).await?;
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
    let stays = update.columns.profile_picture.is_keep();
    Ok(EditOutcome {
        old_picture: picture.filter(|_| !stays),
        new_emails,
    })
}

async fn check_choices(
    tx: &mut Tx,
    person: PersonId,
    update: &PersonUpdate,
) -> Result<(), PeopleError> {
    let address = store::find_address(&mut **tx, person).await?;
    let programme = store::find_programme(&mut **tx, person).await?;
    let (hostel, (department, degree)) = (
        address.and_then(|it| it.hostel),
        programme.map_or((None, None), |it| (it.department, it.degree)),
    );
    for (kind, change, carried) in [
        (ChoiceKind::Hostel, &update.hostel, hostel),
        (ChoiceKind::Department, &update.department, department),
        (ChoiceKind::Degree, &update.degree, degree),
    ] {
        let Update::Set(code) = change else { continue };
        let choice = store::find_choice(&mut **tx, kind, code).await?;
        if !rules::is_choice_allowed(code, choice.as_ref(), carried.as_deref()) {
            return Err(unknown_code(kind.as_str()).into());
        }
    }
    Ok(())
}
