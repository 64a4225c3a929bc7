//! Which classes a store has that may not be collected, are confidential or are sealed (R13, R14).
//!
//! Nobody asks for them, so a look-up never meets one. They are counted by class: the names that stand in the store are
//! asked for, and no person.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{
    examine::Domain,
    layout::{ATTRIBUTE, RECORD},
};

/// Rows by class; each class that may not be there has its number, mostly 0.
pub(super) fn count(connection: &Connection, domain: &Domain) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut counts: BTreeMap<String, u64> = domain.unlawful().map(|class| (class.to_owned(), 0)).collect();
    for (table, name) in [(RECORD.name, "class"), (ATTRIBUTE.name, "field")] {
        let mut names = connection.prepare(&format!("SELECT {name}, count(*) FROM {table} GROUP BY {name}"))?;
        let mut found = names.query([])?;
        while let Some(row) = found.next()? {
            // A name that is no text is none of these.
            let Ok(written) = row.get_ref(0)?.as_str() else { continue };
            if let Some(count) = counts.get_mut(&written.replace('_', "-")) {
                *count += u64::from(row.get::<_, u32>(1)?);
            }
        }
    }
    Ok(counts)
}

/// Tells the operator which classes have rows.
pub(super) fn warn(counts: &BTreeMap<String, u64>) {
    let classes: Vec<_> = counts.iter().filter(|(_, rows)| **rows > 0).map(|(class, _)| class.as_str()).collect();
    if !classes.is_empty() {
        let classes = classes.join(", ");
        tracing::warn!("the store has data that may not be collected, is confidential or is sealed: {classes}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use credit_policy::{Catalogue, catalogue::shipped};
    use jiff::civil::date;

    use super::*;

    #[test]
    fn classes_that_may_not_be_there_are_counted_and_no_other() {
        let domain = Domain::of(&Arc::new(Catalogue::load(&shipped()).unwrap()), date(2026, 11, 22));
        let store = Connection::open_in_memory().unwrap();
        store.execute_batch(crate::stores::layout::SCHEMA).unwrap();
        let empty = count(&store, &domain).unwrap();
        assert!(empty.len() > 7 && empty.values().all(|count| *count == 0), "{empty:?}");
        for class in ["religion", "genes", "confidential-source", "public-security-penalty", "juvenile-offence"] {
            assert!(empty.contains_key(class), "{class}");
        }
        store
            .execute_batch(
                "INSERT INTO record(number, class, nr, severity, act, determined) VALUES
                    ('990101199003070031', 'religion', 1, 'minor', '2026-01-01', '2026-01-01'),
                    ('990101199003070031', 'religion', 2, 'minor', '2026-01-01', '2026-01-01'),
                    ('990101199003070031', 'tax', 1, 'minor', '2026-01-01', '2026-01-01');
                 INSERT INTO attribute VALUES ('990101199003070031', 'blood_type', '\"A\"'),
                    ('990101199003070031', 'religion', '\"none\"'), ('990101199003070031', 'score', '700');",
            )
            .unwrap();
        let mut found = count(&store, &domain).unwrap();
        found.retain(|_, count| *count > 0);
        let told: Vec<_> = found.iter().map(|(class, count)| (class.as_str(), *count)).collect();
        assert_eq!(told, [("blood-type", 1), ("religion", 3)]);
    }
}
