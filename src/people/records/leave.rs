//! Leaving: asked for, called off, done.

use std::time::Duration;

use super::store;
use crate::platform::audit::AuditEntry;
use crate::platform::clock::Timestamp;
use crate::platform::db::Tx;
use crate::platform::id::PersonId;
use crate::platform::rng::Rng;
use crate::platform::{audit, db};

/// How long somebody may change their mind.
const MIND_CHANGES_FOR: Duration = Duration::from_hours(7 * 24);

/// When everything is deleted of somebody, if they asked for that.
pub async fn find_gone_at(
    db: impl db::Executor<'_>,
    person: PersonId,
) -> db::Result<Option<Timestamp>> {
    let asked_at = store::find_leaving(db, person).await?;
    Ok(asked_at.map(|asked_at| asked_at + MIND_CHANGES_FOR))
}

/// Closes an account: no app reads anything any more. Again, it changes nothing.
pub async fn leave(tx: &mut Tx, person: PersonId, now: Timestamp, rng: &dyn Rng) -> db::Result<()> {
    if store::insert_closing(&mut **tx, person, now).await? {
        let entry = AuditEntry::of("person.leaving").by(person).about(person);
        audit::record(&mut **tx, entry, now, rng).await?;
    }
    Ok(())
}

/// Opens it again, as it was. False if it was open.
pub async fn stay(
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

/// Deletes everything about a person whose time is over; what they own goes with them. False if they
/// changed their mind.
pub async fn gone(
    tx: &mut Tx,
    person: PersonId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<bool> {
    let asked_before = now - MIND_CHANGES_FOR;
    let gone = store::delete_leaving(&mut **tx, person, asked_before).await?;
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

/// Whose time is over.
pub async fn list_due(db: impl db::Executor<'_>, now: Timestamp) -> db::Result<Vec<PersonId>> {
    store::list_leaving(db, now - MIND_CHANGES_FOR).await
}
