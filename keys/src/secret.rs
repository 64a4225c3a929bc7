//! A value that must not be printed, copied or left behind in memory.

use zeroize::{Zeroize, Zeroizing};

/// A secret: key material, a passphrase, the opened personal part of a record.
///
/// It has no `Debug`, `Display`, `Clone`, `Serialize` or `Deref`; the one way in is
/// [`disclose`](Self::disclose), so that one word finds every use. The value lives on the heap, so that moving a
/// `Secret` leaves no copy on the stack, and is overwritten when it is dropped.
pub struct Secret<T: Zeroize>(Box<Zeroizing<T>>);

impl<T: Zeroize> Secret<T> {
    /// Takes charge of a value. What the caller still has of it is the caller's to wipe.
    pub fn new(value: T) -> Self {
        Self(Box::new(Zeroizing::new(value)))
    }

    /// Lends the value to `reader` and hands back what the reader makes of it.
    pub fn disclose<R>(&self, reader: impl FnOnce(&T) -> R) -> R {
        reader(&self.0)
    }

    /// Makes the value in its final place, so that no copy of it ever stood elsewhere.
    pub(crate) fn make<E>(maker: impl FnOnce(&mut T) -> Result<(), E>) -> Result<Self, E>
    where
        T: Default,
    {
        let mut value = Box::new(Zeroizing::new(T::default()));
        maker(&mut value)?;
        Ok(Self(value))
    }
}

/// Key material: every key of the ring is 256 bits.
pub(crate) type Material = Secret<[u8; KEY_BYTES]>;

/// Length of every key in the ring, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct Witness<'a>(&'a AtomicBool);

    impl Zeroize for Witness<'_> {
        fn zeroize(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_dropped_secret_is_wiped() {
        let wiped = AtomicBool::new(false);
        let secret = Secret::new(Witness(&wiped));
        assert!(!wiped.load(Ordering::SeqCst));
        drop(secret);
        assert!(wiped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_value_that_was_not_finished_is_not_handed_out() {
        let refused = Material::make(|_| Err("no entropy"));
        assert_eq!(refused.err(), Some("no entropy"));
    }

    #[test]
    fn disclose_lends_the_value() {
        assert_eq!(Secret::new(vec![1_u8, 2]).disclose(Vec::len), 2);
    }
}
