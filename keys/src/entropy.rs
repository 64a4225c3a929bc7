//! Randomness as an argument, so that tests are deterministic and one place asks the machine for it.

use std::cell::RefCell;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroize;

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
#[derive(Clone)]
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

/// Bytes that a thread has in store.
const STORED: usize = 512;

/// The same generator, asked for many bytes at once, since each time is a call of the system: for nonces, openings and ids, of
/// which a query needs several, and for no key. Each thread has its own store, and what was taken from it is gone there.
#[derive(Clone, Default)]
pub struct StoredEntropy(SystemEntropy);

thread_local! {
    static STORE: RefCell<Store> = const { RefCell::new(Store { bytes: [0; STORED], left: 0 }) };
}

struct Store {
    bytes: [u8; STORED],
    /// Those at the beginning that are not taken yet.
    left: usize,
}

impl Store {
    /// Takes bytes from the end; false where there are not so many left.
    fn take(&mut self, bytes: &mut [u8]) -> bool {
        let Some(from) = self.left.checked_sub(bytes.len()) else { return false };
        let Some(taken) = self.bytes.get_mut(from..self.left) else { return false };
        bytes.copy_from_slice(taken);
        taken.zeroize();
        self.left = from;
        true
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl StoredEntropy {
    /// Nothing is in store yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Entropy for StoredEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if bytes.len() > STORED / 4 {
            return self.0.fill(bytes);
        }
        STORE.with_borrow_mut(|store| {
            if store.take(bytes) {
                return Ok(());
            }
            store.left = 0;
            self.0.fill(&mut store.bytes)?;
            store.left = STORED;
            if store.take(bytes) { Ok(()) } else { Err(EntropyError) }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_taken_from_the_store_twice_by_any_thread() {
        let draw = || {
            let entropy = StoredEntropy::new();
            (0..200_usize).map(move |round| {
                // Of all sizes, so that the end of the store is met in each way; at least 12 bytes, which nobody guesses.
                let mut bytes = vec![0; 12 + round % 140];
                entropy.fill(&mut bytes).unwrap();
                bytes
            })
        };
        let other = std::thread::spawn(move || draw().collect::<Vec<_>>());
        let all: Vec<_> = draw().chain(other.join().unwrap()).collect();
        let windows: Vec<_> = all.iter().flat_map(|bytes| bytes.windows(12)).collect();
        assert_eq!(windows.iter().collect::<HashSet<_>>().len(), windows.len());
    }

    #[test]
    fn what_was_taken_is_gone() {
        let mut store = Store { bytes: [7; STORED], left: STORED };
        let mut bytes = [0; 44];
        assert!(store.take(&mut bytes));
        assert_eq!((bytes, store.left), ([7; 44], STORED - 44));
        assert_eq!(store.bytes.iter().filter(|byte| **byte == 7).count(), STORED - 44);
        assert!(store.bytes.ends_with(&[0; 44]));
        store.left = 43;
        assert!(!store.take(&mut bytes), "not even a part");
        assert_eq!(store.left, 43);
    }
}
