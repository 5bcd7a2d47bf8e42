//! Taking everything back from an app.

use serde_json::json;

use crate::audit;
use crate::audit::Entry;
use crate::clock::Moment;
use crate::db;
use crate::db::Tx;
use crate::entropy::Entropy;
use crate::id::AppId;
use crate::id::PersonId;

use super::store;

/// Ends the live grant; its codes and tokens die with it. False if there was none.
pub async fn take_back(
    tx: &mut Tx,
    person: PersonId,
    app: AppId,
    now: Moment,
    entropy: &dyn Entropy,
) -> db::Result<bool> {
    let Some(ended) = store::mark_ended(&mut **tx, person, app, now).await? else {
        return Ok(false);
    };
    let entry = Entry::of("grant.taken_back")
        .by(person)
        .about(person)
        .on_app(app)
        .with(json!({
            "withdrawn": ended.fields().names(),
            "scopes": ended.scopes().names(),
        }));
    audit::note(&mut **tx, entry, now, entropy).await?;
    Ok(true)
}
