//! Where random bytes come from.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom as Generator};

/// A source of bytes nobody can guess.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The cryptographic generator of the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        Generator::new()
            .fill(bytes)
            .expect("the generator is seeded by the operating system and does not fail afterwards");
    }
}
