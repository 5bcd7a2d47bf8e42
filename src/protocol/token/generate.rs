//! Making codes and pairs.

use super::model::TokenPair;
use crate::platform::clock::Timestamp;
use crate::platform::id::{FamilyId, PairId};
use crate::platform::rng::Rng;
use crate::platform::secret::Secret;

/// An authorization code in clear, and the family that will descend from it.
#[derive(Debug)]
pub struct AuthorizationCode {
    pub family: FamilyId,
    pub code: Secret,
}

pub fn code(now: Timestamp, rng: &dyn Rng) -> AuthorizationCode {
    AuthorizationCode {
        family: FamilyId::new(now, rng),
        code: Secret::generate(rng),
    }
}

pub(super) fn pair(now: Timestamp, rng: &dyn Rng) -> TokenPair {
    TokenPair {
        id: PairId::new(now, rng),
        access: Secret::generate(rng),
        refresh: Secret::generate(rng),
    }
}
