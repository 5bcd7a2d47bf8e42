//! Chance. The only source of it in the crate, so that what must not be guessed has one place to be right.

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
        reason = "the one place that draws from the system"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
