//! Updates a person.

use serde_json::json;

use super::credential_epoch::raise_credential_epoch;
use super::details::{InvalidValue, PersonUpdate};
use super::model::ChoiceKind;
use super::store::{AddressRow, ProgrammeRow};
use super::{PeopleError, rules, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::SessionRetention;

/// Writes an update.
pub async fn update(
    tx: &mut Tx,
    id: PersonId,
    details: &PersonUpdate,
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    write_update(tx, id, details, now).await?;
    let entry = AuditEntry::of("person.updated").about(id);
    let entry = entry.with(json!({ "through": "command line" }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(())
}

/// Shared by `add`, `update` and `edit`. Returns the primary address afterwards.
pub(super) async fn write_update(
    tx: &mut Tx,
    id: PersonId,
    details: &PersonUpdate,
    now: Timestamp,
) -> Result<String, PeopleError> {
    let email = store::update(&mut **tx, id, &details.columns, now).await?;
    if details.touches_address() {
        write_address(tx, id, details).await?;
    }
    if details.touches_programme() {
        write_programme(tx, id, details, now).await?;
    }
    if let Some(numbers) = &details.contacts {
        rules::check_contacts(numbers)?;
        store::put_contacts(tx, id, numbers).await?;
    }
    if let Some(emails) = &details.secondary_emails {
        rules::check_emails(emails, &email)?;
        store::put_secondary_emails(tx, id, emails, now).await?;
    }
    if let Some((provider, subject)) = &details.identity {
        let before = store::find_owner(&mut **tx, provider, subject).await?;
        if before.is_none() {
            raise_credential_epoch(tx, id, SessionRetention::All).await?;
        }
        let owner = store::insert_identity(tx, provider, subject, id, now).await?;
        if owner != id {
            return Err(PeopleError::IdentityTaken);
        }
    }
    Ok(email)
}

async fn write_address(
    tx: &mut Tx,
    id: PersonId,
    details: &PersonUpdate,
) -> Result<(), PeopleError> {
    let before = store::find_address(&mut **tx, id).await?;
    let before = before.unwrap_or_default();
    let after = AddressRow {
        hostel: details.hostel.clone().after(before.hostel),
        room: details.room.clone().after(before.room),
    };
    let hostel = match &after.hostel {
        Some(code) => {
            let known = store::find_choice(&mut **tx, ChoiceKind::Hostel, code).await?;
            Some(known.ok_or_else(|| unknown_code("hostel"))?)
        }
        None => None,
    };
    rules::check_room(hostel.as_ref(), after.room.as_deref())?;
    store::put_address(tx, id, &after).await?;
    Ok(())
}

async fn write_programme(
    tx: &mut Tx,
    id: PersonId,
    details: &PersonUpdate,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let before = store::find_programme(&mut **tx, id).await?;
    let before = before.unwrap_or_default();
    let after = ProgrammeRow {
        department: details.department.clone().after(before.department),
        degree: details.degree.clone().after(before.degree),
        join_year: details.join_year.after(before.join_year),
        graduation_year: details.graduation_year.after(before.graduation_year),
    };
    for (kind, code) in [
        (ChoiceKind::Department, &after.department),
        (ChoiceKind::Degree, &after.degree),
    ] {
        let Some(code) = code else { continue };
        let known = store::find_choice(&mut **tx, kind, code).await?;
        known.ok_or_else(|| unknown_code(kind.as_str()))?;
    }
    rules::check_years(after.join_year, after.graduation_year, now.year())?;
    // A programme that was entered is not inferred.
    store::put_programme(tx, id, &after, false).await?;
    Ok(())
}

pub(super) fn unknown_code(what: &'static str) -> InvalidValue {
    InvalidValue::new(what, "is not one of the codes there are (capitals matter)")
}
