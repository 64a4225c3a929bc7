//! What is known of each query of a month beforehand, and what the words of review make of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use credit_audit::review::{Seed, Word};
use uuid::Uuid;

use super::chosen::Work;

/// A query, and of which misuse it is part.
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) misuse: Option<usize>,
    pub(super) person: u64,
}

/// What came of a month.
pub(super) struct Found {
    honest: usize,
    explained: usize,
    disturbed: usize,
    /// By misuse: its queries, and those that are suspicious.
    misuses: HashMap<usize, (usize, usize)>,
    /// As many queries as were suspicious, drawn instead: the misuses that they show.
    by_chance: usize,
}

/// What came of queries of which a word is known.
pub(super) fn counted(words: &HashMap<Uuid, Word>, known: &[Known]) -> Found {
    let suspicious = words.values().filter(|word| **word == Word::Suspicious).count() as u64;
    let checkpoint = credit_audit::checkpoint::Checkpoint { origin: "month".to_owned(), size: 1, root: [1; 32] };
    let seed = Seed::new(&[3; 32], &checkpoint);
    let (mut found, mut shown) =
        (Found { honest: 0, explained: 0, disturbed: 0, misuses: HashMap::new(), by_chance: 0 }, HashSet::new());
    for one in known {
        let Some(word) = words.get(&one.id) else { continue };
        match one.misuse {
            None => {
                found.honest += 1;
                found.explained += usize::from(*word == Word::Explained);
                found.disturbed += usize::from(*word == Word::Suspicious);
            }
            Some(misuse) => {
                let (all, caught) = found.misuses.entry(misuse).or_default();
                *all += 1;
                *caught += usize::from(*word == Word::Suspicious);
                if seed.draws(one.id, suspicious * 1_000 / words.len() as u64) {
                    shown.insert(misuse);
                }
            }
        }
    }
    found.by_chance = shown.len();
    found
}

#[track_caller]
pub(super) fn is_good_enough(found: &Found, work: Work) {
    let mut by_kind: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (misuse, (all, caught)) in &found.misuses {
        let (misuses, seen) = by_kind.entry(work.kind(*misuse)).or_default();
        *misuses += 1;
        // A misuse is found where most of it is: who looks at one query of it sees the others beside it.
        *seen += usize::from(caught * 2 > *all);
    }
    let (misuses, seen) = by_kind.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let figures = format!(
        "honest {}: explained {}, suspicious {}; misuses {misuses}: found {seen}, by chance {}; {}",
        found.honest,
        found.explained,
        found.disturbed,
        found.by_chance,
        by_kind.iter().map(|(kind, (all, seen))| format!("{kind} {seen}/{all}")).collect::<Vec<_>>().join(", ")
    );
    credit_tests::figures(&figures);
    assert!(found.explained * 100 >= found.honest * 94, "{figures}");
    assert!(found.disturbed * 100 <= found.honest * 2, "{figures}");
    assert!(seen * 100 >= misuses * 95, "{figures}");
    // A short month is full of misuses, and so is its queue.
    assert!(found.honest < 10_000 || found.by_chance * 2 < seen, "{figures}");
}
