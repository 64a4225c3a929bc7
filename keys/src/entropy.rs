//! Randomness as an argument, so that tests are deterministic and one place asks the machine for it.

use ring::rand::{SecureRandom, SystemRandom};

/// A source of random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills the whole of `bytes`.
    ///
    /// # Errors
    /// [`EntropyError`] when the source gives none; what `bytes` then contains must not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the machine gave no random bytes: nothing was made; try again")]
pub struct EntropyError;

/// The operating system's generator, by ring.
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The operating system's generator; opening it costs nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes).map_err(|_| EntropyError)
    }
}
