//! What a pure function gave lately: a catalogue never changes, and nearly all queries of a day ask it the same.

use std::sync::{Mutex, PoisonError};

/// Results that are kept: more than there are kinds of institution, or days at a time.
const MOST: usize = 16;

/// The last results, each with what it was made of.
#[derive(Debug)]
pub(super) struct Memo<K, V>(Mutex<Vec<(K, V)>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    /// The result for a key; made where it is not known. `make` must give the same for the same key each time.
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known.iter().find(|(of, _)| *of == key) {
            return value.clone();
        }
        let value = make();
        if known.len() == MOST {
            known.remove(0);
        }
        known.push((key, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_lately_is_not_made_again_and_what_is_old_is() {
        let memo = Memo::default();
        let made = std::cell::Cell::new(0);
        let square = |of: usize| {
            memo.get(of, || {
                made.set(made.get() + 1);
                of * of
            })
        };
        for _ in 0..2 {
            assert!((0..MOST).all(|of| square(of) == of * of));
        }
        assert_eq!(made.get(), MOST);
        assert_eq!([square(MOST), square(1), square(0)], [MOST * MOST, 1, 0]);
        assert_eq!(made.get(), MOST + 2, "the oldest alone went");
    }
}
