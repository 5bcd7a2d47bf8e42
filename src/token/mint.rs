//! Making codes and pairs.

use crate::clock::Moment;
use crate::entropy::Entropy;
use crate::id::FamilyId;
use crate::id::PairId;
use crate::secret::Secret;

use super::model::Minted;

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
