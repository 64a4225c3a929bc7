//! Whom the newest records are about, as this process knows that recorded them. Opening their sealed parts again would take
//! more than all else of their rows.

use std::collections::{BTreeMap, BTreeSet};

use credit_keys::KeyId;

/// Records of which it is kept: more than come between two looks at full load. Whoever comes after them is opened.
const MOST: usize = 65_536;

/// By leaf: the person's key in the index.
#[derive(Default)]
pub(super) struct Newest(BTreeMap<u64, [u8; 16]>);

/// What was kept of some leaves, and the data keys under which a sealed part would say the same now.
#[derive(Default)]
pub(super) struct Fresh {
    persons: BTreeMap<u64, [u8; 16]>,
    whole: BTreeSet<String>,
}

impl Newest {
    pub(super) fn add(&mut self, leaf: u64, person: [u8; 16]) {
        if self.0.len() < MOST {
            self.0.insert(leaf, person);
        }
    }

    /// Takes out what is kept of the leaves before `until`. `whole` are the data keys that open all that they sealed.
    pub(super) fn take(&mut self, until: u64, whole: Vec<KeyId>) -> Fresh {
        let later = self.0.split_off(&until);
        let persons = std::mem::replace(&mut self.0, later);
        Fresh { persons, whole: whole.into_iter().map(|key| key.as_str().to_owned()).collect() }
    }
}

impl Fresh {
    /// Whom a leaf is about that is sealed under a data key. Nothing where the sealed part may open to nobody any more: only
    /// looking tells.
    pub(super) fn of(&self, leaf: u64, data_key: &str) -> Option<[u8; 16]> {
        self.persons.get(&leaf).filter(|_| self.whole.contains(data_key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ids: &[&str]) -> Vec<KeyId> {
        ids.iter().map(|id| KeyId::parse(id).unwrap()).collect()
    }

    #[test]
    fn whom_a_leaf_is_about_is_known_once_and_only_while_its_key_opens_everything() {
        let mut newest = Newest::default();
        (3..7_u8).for_each(|leaf| newest.add(u64::from(leaf), [leaf; 16]));
        let fresh = newest.take(5, keys(&["data-2026-11", "data-2026-12"]));
        assert_eq!(fresh.of(3, "data-2026-11"), Some([3; 16]));
        assert_eq!(fresh.of(4, "data-2026-12"), Some([4; 16]));
        assert_eq!(fresh.of(4, "data-2026-10"), None, "somebody's part of it was destroyed, or all of it");
        assert_eq!(fresh.of(5, "data-2026-11"), None, "it is not yet wanted");
        assert_eq!(newest.take(5, keys(&["data-2026-11"])).of(3, "data-2026-11"), None);
        assert_eq!(newest.take(9, keys(&["data-2026-11"])).of(6, "data-2026-11"), Some([6; 16]));
    }

    #[test]
    fn no_more_is_kept_than_comes_between_two_looks() {
        let mut newest = Newest::default();
        (0..MOST as u64 + 1).for_each(|leaf| newest.add(leaf, [1; 16]));
        let fresh = newest.take(u64::MAX, keys(&["data-2026-11"]));
        assert_eq!(fresh.of(MOST as u64 - 1, "data-2026-11"), Some([1; 16]));
        assert_eq!(fresh.of(MOST as u64, "data-2026-11"), None);
    }
}
