//! Since when the catalogue in force is in force: what a consent that names no fields was given under (formats.md §3).

use jiff::Timestamp;

use super::ledger::InForce;

/// Each time that a catalogue came into force, in order, and whether it was the one in force now.
#[derive(Debug, Default)]
pub struct CatalogueHistory(Vec<(Timestamp, bool)>);

impl CatalogueHistory {
    /// What the log says; `label` is the catalogue in force now.
    #[must_use]
    pub(crate) fn of(catalogues: &[InForce], label: &str) -> Self {
        Self(catalogues.iter().map(|in_force| (in_force.at, in_force.catalogue.label == label)).collect())
    }

    /// Another one came into force.
    pub fn push(&mut self, at: Timestamp, is_current: bool) {
        self.0.push((at, is_current));
    }

    /// Whether the catalogue in force now was in force then. The first that the log knows of was so before it, too; tokens
    /// count in whole seconds, so the second of a change belongs to the catalogue before it.
    #[must_use]
    pub fn was_at(&self, then: Timestamp) -> bool {
        let earlier = self.0.iter().rev().find(|(at, _)| *at <= then);
        earlier.or(self.0.first()).is_none_or(|(_, is_current)| *is_current)
    }
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::CatalogueSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_catalogue_of_then_is_the_last_that_came_into_force() {
        let in_force = |then: &str, label: &str| InForce {
            at: at(then),
            catalogue: CatalogueSet { label: label.to_owned(), files: Vec::new() },
        };
        let catalogues = [
            in_force("2026-01-01T00:00:00.5Z", "a"),
            in_force("2026-02-01T00:00:00.5Z", "b"),
            in_force("2026-03-01T00:00:00.5Z", "a"),
        ];
        let catalogue_history = |label| CatalogueHistory::of(&catalogues, label);
        for (then, label) in [
            ("2025-12-31T00:00:00Z", "a"),
            ("2026-01-01T00:00:01Z", "a"),
            ("2026-02-01T00:00:00Z", "a"),
            ("2026-02-01T00:00:01Z", "b"),
            ("2026-02-15T00:00:00Z", "b"),
            ("2026-03-01T00:00:00Z", "b"),
            ("2026-03-01T00:00:01Z", "a"),
            ("2027-01-01T00:00:00Z", "a"),
        ] {
            for other in ["a", "b", "c"] {
                assert_eq!(catalogue_history(other).was_at(at(then)), other == label, "{other} at {then}");
            }
        }
    }

    #[test]
    fn the_only_catalogue_was_always_in_force() {
        assert!(CatalogueHistory::default().was_at(at("2026-01-01T00:00:00Z")));
        let mut one = CatalogueHistory::default();
        one.push(at("2026-01-01T00:00:00Z"), true);
        assert!(one.was_at(at("2025-01-01T00:00:00Z")));
    }
}
