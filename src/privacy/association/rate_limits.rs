//! The rate limiters of this room, in addition to the limits per proof in [`super::rules`].

use std::net::IpAddr;

use crate::platform::clock::SharedClock;
use crate::platform::id::AppId;
use crate::platform::rate_limits::{RateLimiter, table};

/// The rate limiters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AssociationLimits {
    pub(super) proofs_by_address: RateLimiter<IpAddr>,
    pub(super) calls: RateLimiter<()>,
    pub(super) look_ups: RateLimiter<AppId>,
    pub(super) misses: RateLimiter<AppId>,
    pub(super) invalid_tokens: RateLimiter<IpAddr>,
}

impl AssociationLimits {
    pub fn new(clock: &SharedClock) -> Self {
        Self {
            proofs_by_address: RateLimiter::new(table::PROOFS_FROM_ADDRESS, clock),
            calls: RateLimiter::new(table::ERP_PROOF_REQUESTS, clock),
            look_ups: RateLimiter::new(table::LOOK_UPS, clock),
            misses: RateLimiter::new(table::LOOK_UP_MISSES, clock),
            invalid_tokens: RateLimiter::new(table::LOOK_UP_INVALID_TOKENS, clock),
        }
    }
}
