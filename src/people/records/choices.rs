//! What profiles may choose from changes without a release: a hostel opens, a degree is no longer given.

use serde_json::json;

use super::details::InvalidValue;
use super::model::{ChoiceKind, ListChoice};
use super::{PeopleError, store};
use crate::platform::audit;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::rng::Rng;

/// The longest code and the longest name, in characters.
const LONGEST_CODE: usize = 16;
const LONGEST_NAME: usize = 100;

/// Offers an entry. One that is there already, retired or not, gets this name and is on offer.
pub async fn add(
    tx: &mut Tx,
    (kind, code, name, has_wings): (ChoiceKind, &str, &str, bool),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<ListChoice, PeopleError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if code.is_empty() || code.len() > LONGEST_CODE || !code.bytes().all(is_plain) {
        let why = format!("must be 1 to {LONGEST_CODE} letters, digits, - _ and .");
        return Err(InvalidValue::new("code", why).into());
    }
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        let why = format!("must be 1 to {LONGEST_NAME} characters on one line");
        return Err(InvalidValue::new("name", why).into());
    }
    if has_wings && kind != ChoiceKind::Hostel {
        return Err(InvalidValue::new("wings", "are what only a hostel has").into());
    }
    store::put_choice(&mut **tx, kind, code, name, has_wings).await?;
    note(tx, "choice.added", (kind, code), now, rng).await?;
    let added = store::find_choice(&mut **tx, kind, code).await?;
    added.ok_or(PeopleError::NoSuchChoice)
}

/// Takes an entry off the list. Whoever carries it keeps it, and its name.
pub async fn retire(
    tx: &mut Tx,
    (kind, code): (ChoiceKind, &str),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<ListChoice, PeopleError> {
    if !store::mark_choice_retired(&mut **tx, kind, code, now).await? {
        return Err(PeopleError::NoSuchChoice);
    }
    note(tx, "choice.retired", (kind, code), now, rng).await?;
    let retired = store::find_choice(&mut **tx, kind, code).await?;
    retired.ok_or(PeopleError::NoSuchChoice)
}

async fn note(
    tx: &mut Tx,
    action: &'static str,
    (kind, code): (ChoiceKind, &str),
    now: Timestamp,
    rng: &dyn Rng,
) -> Result<(), PeopleError> {
    let entry = AuditEntry::of(action).with(json!({ "kind": kind.as_str(), "code": code }));
    audit::record(&mut **tx, entry, now, rng).await?;
    Ok(())
}
