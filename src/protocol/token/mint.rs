//! Making codes and pairs.

use super::model::Minted;
use crate::platform::clock::Moment;
use crate::platform::id::{FamilyId, PairId};
use crate::platform::rng::Entropy;
use crate::platform::secret::Secret;

/// An authorization code in clear, and the family that will descend from it.
#[derive(Debug)]
pub struct Code {
    pub family: FamilyId,
    pub code: Secret,
}

pub fn code(now: Moment, entropy: &dyn Entropy) -> Code {
    Code {
        family: FamilyId::new(now, entropy),
        code: Secret::mint(entropy),
    }
}

pub(super) fn pair(now: Moment, entropy: &dyn Entropy) -> Minted {
    Minted {
        id: PairId::new(now, entropy),
        access: Secret::mint(entropy),
        refresh: Secret::mint(entropy),
    }
}
