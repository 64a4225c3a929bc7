//! The wrapper of everything that identifies a person.

use zeroize::{Zeroize, Zeroizing};

/// A value that identifies a data subject.
///
/// It has no `Debug`, `Display`, `Clone`, `Serialize` or `Deref`, so it cannot reach a log line or a body by accident:
/// the one way to the value is [`Personal::disclose`], and one word finds every use. Its memory is zeroed on drop.
pub struct Personal<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Personal<T> {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Lends the value to `use_of`, and returns what that returns.
    pub fn disclose<R>(&self, use_of: impl FnOnce(&T) -> R) -> R {
        use_of(&self.0)
    }
}
