//! Closing an account, reopening it, and deleting it when the grace period has ended.

use std::time::Duration;

use super::credential_epoch::raise_credential_epoch;
use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::web::SessionRetention;
use crate::platform::{audit, db};

/// How long a closed account can be reopened.
const GRACE_PERIOD: Duration = Duration::from_hours(7 * 24);

/// When a closed account is deleted; none for an open one.
pub async fn find_deletion_time(
    db: impl db::Executor<'_>,
    person: PersonId,
) -> db::Result<Option<Timestamp>> {
    let asked_at = store::find_closing(db, person).await?;
    Ok(asked_at.map(|asked_at| asked_at + GRACE_PERIOD))
}

/// Closes an account: apps can read nothing from then on, and the sessions that are not retained end.
/// Closing twice closes nothing more.
pub async fn close_account(
    tx: &mut Tx,
    (person, retained): (PersonId, SessionRetention),
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<()> {
    raise_credential_epoch(tx, person, retained).await?;
    if store::insert_closing(&mut **tx, person, now).await? {
        let entry = AuditEntry::of("account.closing").by(person).about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

/// Reopens an account. False if it was open.
pub async fn reopen_account(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<bool> {
    let stays = store::delete_closing(&mut **tx, person).await?;
    if stays {
        let entry = AuditEntry::of("person.stayed").by(person).about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(stays)
}

/// Deletes a person whose grace period has ended, with everything they own. False if the account was
/// reopened.
pub async fn delete_account(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<bool> {
    let asked_before = now - GRACE_PERIOD;
    let gone = store::delete_closed_person(&mut **tx, person, asked_before).await?;
    if gone {
        audit::record(
            &mut **tx,
            AuditEntry::of("person.gone").about(person),
            now,
            rng,
        )
        .await?;
    }
    Ok(gone)
}

/// People whose grace period has ended.
pub async fn list_due_deletions(
    db: impl db::Executor<'_>,
    now: Timestamp,
) -> db::Result<Vec<PersonId>> {
    store::list_closings_before(db, now - GRACE_PERIOD).await
}
