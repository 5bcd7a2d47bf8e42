//! Keeps long authorization requests while the person signs in.
//!
//! The browser carries the request to the sign-in page and back, in the parameter `next`. There it is encoded
//! twice, and proxies limit the headers of a redirect (nginx: 4 KiB). So it carries a long request by a
//! name only.

use std::net::IpAddr;
use std::time::Duration;

use super::store;
use crate::platform::clock::{SharedClock, Timestamp};
use crate::platform::db;
use crate::platform::db::Executor;
use crate::platform::rate_limits::{RateLimiter, table};
use crate::platform::rng::Rng;
use crate::platform::secret::{Secret, SecretHash};
use crate::platform::web::ClientAddress;

/// The longest query that the browser carries itself.
const MAX_CARRIED: usize = 1024;
/// The longest query of any request: every parameter at its limit, with all bytes percent-encoded.
pub(super) const MAX_QUERY: usize = 32 * 1024;
/// How long a request is kept.
pub(super) const KEPT_LIFETIME: Duration = Duration::from_hours(1);
/// Limits how many requests are kept.
#[derive(Debug, Clone)]
pub struct KeptRequestLimiter(RateLimiter<IpAddr>);

impl KeptRequestLimiter {
    pub fn new(clock: &SharedClock) -> Self {
        Self(RateLimiter::new(table::KEPT_REQUESTS, clock))
    }
}

/// Keeps a long query and returns its name. `None`: the browser carries it.
pub(super) async fn keep_request(
    db: impl Executor<'_>,
    limiter: &KeptRequestLimiter,
    ClientAddress(address): ClientAddress,
    query: &str,
    now: Timestamp,
    rng: &dyn Rng,
) -> db::Result<Option<Secret>> {
    if query.len() <= MAX_CARRIED || limiter.0.take(address).is_err() {
        return Ok(None);
    }
    let name = Secret::generate(rng);
    store::insert_kept_request(db, name.hash(), query, now).await?;
    Ok(Some(name))
}

/// The query that was kept under this name, unless it has expired.
pub(super) async fn find_kept_request(
    db: impl Executor<'_>,
    name: &str,
    now: Timestamp,
) -> db::Result<Option<String>> {
    let name = SecretHash::of(name.as_bytes());
    store::find_kept_request(db, name, now - KEPT_LIFETIME).await
}
