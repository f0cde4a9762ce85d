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

/// Draws an index below `bound`, each with the same chance.
///
/// Values that would favour low numbers are thrown away and drawn again.
pub fn below(random: &dyn Random, bound: u8) -> u8 {
    let fair = u8::MAX - (u8::MAX % bound.max(1));
    loop {
        let mut byte = [0];
        random.fill(&mut byte);
        if byte[0] < fair {
            return byte[0] % bound.max(1);
        }
    }
}
