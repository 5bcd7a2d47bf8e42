//! Looks up an association for an app.

use super::model::{Association, AssociationKey};
use super::rate_limits::AssociationLimits;
use super::store;
use crate::people::fields::{Field, FieldSet};
use crate::platform::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::Db;
use crate::platform::rate_limits::RateLimited;
use crate::platform::secret::SecretHash;
use crate::platform::web::ClientAddress;
use crate::protocol::access_log::{AccessLog, AccessLogFull};
use crate::protocol::app_tokens::{AppScope, authenticate_app_token};

/// The result of a look-up.
#[derive(Debug)]
pub(super) enum LookupResult {
    Found(Association),
    /// There is no association, or its person does not allow look-ups.
    NotFound,
    /// The token is invalid, or its app may not look up (any more).
    InvalidToken,
    RateLimited(RateLimited),
}

/// Why a look-up fails.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    #[error(transparent)]
    AccessLogFull(#[from] AccessLogFull),
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// The app's token and the client's address.
#[derive(Debug)]
pub(super) struct LookupCaller<'a> {
    pub token: Option<&'a str>,
    pub address: ClientAddress,
}

/// Looks up an association, and records the access in the person's access log first. `key` is `None` for
/// an unknown kind.
pub(super) async fn look_up(
    (db, access_log, limits): (&Db, &AccessLog, &AssociationLimits),
    caller: LookupCaller<'_>,
    key: Option<AssociationKey<'_>>,
    now: Timestamp,
) -> Result<LookupResult, LookupError> {
    let app = match caller.token {
        Some(token) => {
            let hash = SecretHash::of(token.as_bytes());
            authenticate_app_token(db.pool(), hash, AppScope::LookUps, now).await?
        }
        None => None,
    };
    let Some(app) = app else {
        return Ok(match limits.invalid_tokens.take(caller.address.0) {
            Ok(_counted) => LookupResult::InvalidToken,
            Err(rate_limited) => LookupResult::RateLimited(rate_limited),
        });
    };
    let Some(key) = key else {
        return Ok(LookupResult::NotFound);
    };
    // Counted as a miss until an association is found, so that simultaneous look-ups count one another.
    let permit = limits.look_ups.take(app);
    let miss = permit.and_then(|_counted| limits.misses.take(app));
    let miss = match miss {
        Ok(miss) => miss,
        Err(rate_limited) => return Ok(LookupResult::RateLimited(rate_limited)),
    };
    if !key.is_plausible() {
        return Ok(LookupResult::NotFound);
    }
    let Some((association, person)) = store::find_for_look_up(db.pool(), key).await? else {
        return Ok(LookupResult::NotFound);
    };
    miss.give_back();
    let fields = FieldSet::from_iter([Field::RollNumber, Field::Email]);
    access_log.record(person, app, fields)?;
    Ok(LookupResult::Found(association))
}
