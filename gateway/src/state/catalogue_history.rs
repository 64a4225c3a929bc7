//! What was in force when a consent was given: which catalogue, and what its fields meant (formats.md §3).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ledger::{InForce, Ledger};

/// Each time that a catalogue came into force, and what fields mean by each.
#[derive(Clone, Debug, Default)]
pub(crate) struct CatalogueHistory {
    /// In order: when, and the label.
    in_force: Vec<(Timestamp, String)>,
    /// The digests of the definitions, by label.
    definitions: BTreeMap<String, BTreeMap<String, String>>,
    current: String,
}

impl CatalogueHistory {
    /// What the log says; `label` is the catalogue in force now.
    #[must_use]
    pub(crate) fn of(ledger: &Ledger, label: &str) -> Self {
        let in_force = |InForce { at, catalogue }: &InForce| (*at, catalogue.label.clone());
        Self {
            in_force: ledger.catalogues.iter().map(in_force).collect(),
            definitions: ledger.definitions.clone(),
            current: label.to_owned(),
        }
    }

    /// It, once another catalogue came into force.
    #[must_use]
    pub(crate) fn and(&self, at: Timestamp, label: &str, definitions: BTreeMap<String, String>) -> Self {
        let mut all = self.clone();
        all.in_force.push((at, label.to_owned()));
        all.definitions.entry(label.to_owned()).or_default().extend(definitions);
        label.clone_into(&mut all.current);
        all
    }

    /// What the fields of a catalogue mean, as far as the log says it.
    pub(crate) fn definitions(&self, label: &str) -> Option<&BTreeMap<String, String>> {
        self.definitions.get(label)
    }

    /// Whether the catalogue in force now was in force then. The first that the log knows of was so before it, too; tokens
    /// count in whole seconds, so the second of a change belongs to the catalogue before it.
    #[must_use]
    pub(crate) fn was_at(&self, then: Timestamp) -> bool {
        self.label_at(then).is_none_or(|label| *label == self.current)
    }

    /// Whether a field means the same now as it did then. One of a catalogue of which no definitions are on the record
    /// does not: nobody can say what was agreed to.
    #[must_use]
    pub(crate) fn means_the_same(&self, field: &str, then: Timestamp) -> bool {
        let Some(label) = self.label_at(then).filter(|label| **label != self.current) else { return true };
        let of = |label: &str| self.definitions.get(label).and_then(|fields| fields.get(field));
        of(label).is_some_and(|meant| of(&self.current) == Some(meant))
    }

    fn label_at(&self, then: Timestamp) -> Option<&String> {
        let earlier = self.in_force.iter().rev().find(|(at, _)| *at <= then);
        earlier.or(self.in_force.first()).map(|(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use credit_audit::leaf::CatalogueSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ledger(catalogues: &[(&str, &str)]) -> Ledger {
        let in_force = |(then, label): &(&str, &str)| InForce {
            at: at(then),
            catalogue: CatalogueSet { label: (*label).to_owned(), files: Vec::new() },
        };
        Ledger { catalogues: catalogues.iter().map(in_force).collect(), ..Ledger::default() }
    }

    const THREE: [(&str, &str); 3] =
        [("2026-01-01T00:00:00.5Z", "a"), ("2026-02-01T00:00:00.5Z", "b"), ("2026-03-01T00:00:00.5Z", "a")];

    #[test]
    fn the_catalogue_of_then_is_the_last_that_came_into_force() {
        let ledger = ledger(&THREE);
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
                assert_eq!(CatalogueHistory::of(&ledger, other).was_at(at(then)), other == label, "{other} at {then}");
            }
        }
    }

    #[test]
    fn the_only_catalogue_was_always_in_force() {
        assert!(CatalogueHistory::default().was_at(at("2026-01-01T00:00:00Z")));
        let one = CatalogueHistory::of(&Ledger::default(), "a");
        let one = one.and(at("2026-01-01T00:00:00Z"), "a", BTreeMap::new());
        assert!(one.was_at(at("2025-01-01T00:00:00Z")) && one.means_the_same("score", at("2025-01-01T00:00:00Z")));
    }

    #[test]
    fn a_field_means_the_same_only_where_both_definitions_are_on_the_record_and_equal() {
        let mut ledger = ledger(&THREE);
        let fields =
            |score: &str| BTreeMap::from([("score", score), ("housing", "h")].map(|(n, d)| (n.into(), d.into())));
        ledger.definitions.insert("a".to_owned(), fields("1"));
        let (in_a, in_b) = (at("2026-01-15T00:00:00Z"), at("2026-02-15T00:00:00Z"));
        let same =
            |ledger: &Ledger, label: &str, field, then| CatalogueHistory::of(ledger, label).means_the_same(field, then);
        assert!(!same(&ledger, "a", "housing", in_b), "nothing of b is on the record");
        ledger.definitions.insert("b".to_owned(), fields("2"));
        for (label, field, then, expected) in [
            ("a", "score", in_b, false),
            ("a", "housing", in_b, true),
            ("a", "score", in_a, true),
            ("b", "score", in_a, false),
            ("b", "housing", in_a, true),
            ("b", "unheard", in_a, false),
            ("c", "housing", in_a, false),
        ] {
            assert_eq!(same(&ledger, label, field, then), expected, "{field} of {then} in {label}");
        }
    }
}
