//! Which classes a store has that may not be collected, are confidential or are sealed (R13, R14).
//!
//! Nobody asks for them, so a look-up never meets one. They are counted by class, and no person is named.

use std::collections::BTreeMap;

/// Tells the operator which classes have rows.
pub(super) fn warn(counts: &BTreeMap<String, u64>) {
    let classes = present(counts);
    if !classes.is_empty() {
        let classes = classes.join(", ");
        tracing::warn!("the store has data that may not be collected, is confidential or is sealed: {classes}");
    }
}

/// The classes that have rows.
pub(crate) fn present(counts: &BTreeMap<String, u64>) -> Vec<&str> {
    counts.iter().filter(|(_, rows)| **rows > 0).map(|(class, _)| class.as_str()).collect()
}
