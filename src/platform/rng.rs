//! The random number generator: the only source of randomness for secrets, codes and ids, so that there is
//! one place to review.

use std::fmt::Debug;
use std::sync::Arc;

use rand::Rng as _;

/// Fills memory with unpredictable bytes.
pub trait Rng: Debug + Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

pub type SharedRng = Arc<dyn Rng>;

/// A generator (`ChaCha`) per thread, seeded and reseeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRng;

impl Rng for OsRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that uses the system's generator"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
