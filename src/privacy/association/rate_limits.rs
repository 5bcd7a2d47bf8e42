//! Rate limits, in addition to the limits per proof in [`super::rules`]:
//!
//! | Per | Burst | Then one every |
//! |---|---|---|
//! | address that begins proofs | 10 | 1 min |
//! | requests to ERP for questions, all proofs together | 20 | 3 s |
//! | codes mailed for one roll number | 5 | 30 min |
//! | codes requested from one address | 60 | 1 min |
//! | look-ups by one app | 120 | 1 s |
//! | look-ups by one app without a result | 20 | 1 min |
//! | look-ups from one address with an invalid token | 20 | 3 s |

use std::net::IpAddr;
use std::time::Duration;

use crate::platform::id::AppId;
use crate::platform::web;
use crate::platform::web::RateLimit;

/// The rate limiters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AssociationLimits {
    pub(super) proofs_by_address: web::RateLimiter<IpAddr>,
    pub(super) calls: web::RateLimiter<()>,
    pub(super) look_ups: web::RateLimiter<AppId>,
    pub(super) misses: web::RateLimiter<AppId>,
    pub(super) invalid_tokens: web::RateLimiter<IpAddr>,
}

impl Default for AssociationLimits {
    fn default() -> Self {
        let limit = |burst, every| RateLimit::new(burst, Duration::from_secs(every));
        Self {
            proofs_by_address: web::RateLimiter::new(limit(10, 60)),
            calls: web::RateLimiter::new(limit(20, 3)),
            look_ups: web::RateLimiter::new(limit(120, 1)),
            misses: web::RateLimiter::new(limit(20, 60)),
            invalid_tokens: web::RateLimiter::new(limit(20, 3)),
        }
    }
}
