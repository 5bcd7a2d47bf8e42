//! Ending a grant.

use super::record::{GrantEvent, record};
use super::store;
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Tx;
use crate::platform::id::{AppId, PersonId};
use crate::platform::rng::Rng;

/// Ends the live grant, and with it its codes and tokens. False if there was none.
pub async fn end_grant(
    tx: &mut Tx,
    person: PersonId,
    app: AppId,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<bool> {
    let Some(ended) = store::mark_ended(&mut **tx, person, app, now).await? else {
        return Ok(false);
    };
    let who = (person, app);
    let all = (ended.scopes(), ended.fields());
    record(tx, who, GrantEvent::Ended, all, now, rng).await?;
    Ok(true)
}
