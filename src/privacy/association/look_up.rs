//! An app looks up who belongs to what.

use super::limits::AssociationLimits;
use super::model::{Association, AssociationKey};
use super::store;
use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::secret::TokenHash;
use crate::platform::web::{ClientAddress, RateLimited};
use crate::protocol::access_log::{AccessLog, AccessLogFull};

/// What an app is told.
#[derive(Debug)]
pub(super) enum LookupResult {
    Here(Association),
    /// Nobody, or somebody who does not want to be looked up.
    Nobody,
    /// The token is none, or its app may not look up (any more).
    Stranger,
    Slowed(RateLimited),
}

/// Why nothing can be told now.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    #[error(transparent)]
    Full(#[from] AccessLogFull),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// With what it is asked: the app's token, and from where.
#[derive(Debug)]
pub(super) struct LookupCaller<'a> {
    pub token: Option<&'a str>,
    pub address: ClientAddress,
}

/// Answers a look-up, and records it in the person's access log first. No key is one that is of no known kind.
pub(super) async fn look_up(
    (db, access_log, limits): (&Db, &AccessLog, &AssociationLimits),
    asker: LookupCaller<'_>,
    key: Option<AssociationKey<'_>>,
    now: Timestamp,
) -> Result<LookupResult, LookupError> {
    let app = match asker.token {
        Some(token) => {
            store::mark_token_used(db.pool(), TokenHash::of(token.as_bytes()), now).await?
        }
        None => None,
    };
    let Some(app) = app else {
        return Ok(match limits.strangers.take(asker.address.0, now) {
            Ok(_counted) => LookupResult::Stranger,
            Err(slowed) => LookupResult::Slowed(slowed),
        });
    };
    let Some(key) = key else {
        return Ok(LookupResult::Nobody);
    };
    // A look-up is counted as one that finds nobody until it is known not to be: many at once would
    // otherwise slip through.
    let taken = limits.look_ups.take(app, now);
    let miss = taken.and_then(|_counted| limits.misses.take(app, now));
    let miss = match miss {
        Ok(miss) => miss,
        Err(slowed) => return Ok(LookupResult::Slowed(slowed)),
    };
    if !key.could_be() {
        return Ok(LookupResult::Nobody);
    }
    let Some((association, person)) = store::find_allowed(db.pool(), key).await? else {
        return Ok(LookupResult::Nobody);
    };
    miss.give_back();
    let fields = FieldSet::from_iter([Field::RollNumber, Field::Email]);
    access_log.record(person, app, fields)?;
    Ok(LookupResult::Here(association))
}
