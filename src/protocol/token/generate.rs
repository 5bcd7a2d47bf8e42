//! Generates codes and token pairs.

use super::model::TokenPair;
use crate::platform::clock::Timestamp;
use crate::platform::id::{FamilyId, PairId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// An authorization code in clear, and the id of the token family that descends from it.
#[derive(Debug)]
pub struct AuthorizationCode {
    pub family: FamilyId,
    pub code: Secret,
}

pub fn generate_code(now: Timestamp, rng: &dyn Rng) -> AuthorizationCode {
    AuthorizationCode {
        family: FamilyId::new(now, rng),
        code: Secret::generate(rng),
    }
}

pub(super) fn generate_token_pair(now: Timestamp, rng: &dyn Rng) -> TokenPair {
    TokenPair {
        id: PairId::new(now, rng),
        access_token: Secret::generate(rng),
        refresh_token: Secret::generate(rng),
    }
}
