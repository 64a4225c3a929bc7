//! Whom the newest records are about, as this process knows that recorded them. Opening their sealed parts again would take
//! more than all else of their rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::keyring::Keyring;

/// Records of which it is kept: more than come between two looks at full load. Whoever comes after them is opened.
const MOST: usize = 65_536;

/// By leaf: the person's key in the index.
#[derive(Default)]
pub(super) struct Newest(BTreeMap<u64, [u8; 32]>);

/// What was kept of some leaves, and the data keys under which a sealed part would say the same now.
#[derive(Default)]
pub(super) struct Fresh {
    persons: BTreeMap<u64, [u8; 32]>,
    whole: BTreeSet<String>,
}

impl Newest {
    pub(super) fn add(&mut self, leaf: u64, person: [u8; 32]) {
        if self.0.len() < MOST {
            self.0.insert(leaf, person);
        }
    }

    /// Takes out what is kept of the leaves before `until`.
    pub(super) fn take(&mut self, until: u64, keys: &Keyring) -> Fresh {
        let later = self.0.split_off(&until);
        let persons = std::mem::replace(&mut self.0, later);
        let whole = if persons.is_empty() { Vec::new() } else { keys.with(|ring| ring.whole_data_keys()) };
        Fresh { persons, whole: whole.into_iter().map(|key| key.as_str().to_owned()).collect() }
    }
}

impl Fresh {
    /// Whom a leaf is about that is sealed under a data key. Nothing where the sealed part may open to nobody any more: only
    /// looking tells.
    pub(super) fn of(&self, leaf: u64, data_key: &str) -> Option<[u8; 32]> {
        self.persons.get(&leaf).filter(|_| self.whole.contains(data_key)).copied()
    }
}
