//! Figures that are published: drawn once, on the record, and within the year's budget.

use std::{collections::BTreeSet, fs};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{Ended, Folder, Gateway, gateway};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::consents::new_log::continue_log;

fn publish(folder: &Folder, month: &str) -> Ended {
    let config = folder.config();
    gateway(&["figures", "publish", "--month", month, "--config", config.to_str().unwrap()])
}

fn leaves(folder: &Folder) -> Vec<credit_tests::Leaf> {
    folder.leaves().into_iter().filter(|leaf| leaf.text("kind") == "figures").collect()
}

#[test]
fn a_month_that_is_not_over_and_what_is_none_is_not_published() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    for (month, code) in [("2999-01", 1), ("2026-13", 1), ("2026-1", 1), ("January", 1), ("2026", 1)] {
        assert!(publish(folder, month).failed(code).contains("a month that is over"), "{month}");
    }
    assert!(leaves(folder).is_empty() && !folder.join("data/figures").exists());
}

#[test]
fn figures_are_drawn_once_given_again_unchanged_and_end_with_the_budget_in_whatever_log() {
    let served = Gateway::serve(Folder::new());
    let folder = served.folder();
    let first = publish(folder, "2020-01").held();
    assert_eq!(publish(folder, "2020-01").held(), first);
    let figures: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((figures["period"].as_str(), figures["epsilon"].as_str()), (Some("2020-01"), Some("0.083")));
    // Every cell is there, whoever asked: nobody did.
    let rules = Catalogue::load(&catalogue::shipped()).unwrap();
    let cells: BTreeSet<_> = figures["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| (cell["scenario"].to_string(), cell["kind"].to_string()))
        .collect();
    let wanted: usize = rules.scenarios().iter().map(|scenario| scenario.kinds().len()).sum();
    assert_eq!(cells.len(), wanted);
    let counts: Vec<i64> =
        figures["cells"].as_array().unwrap().iter().map(|cell| cell["answered"].as_i64().unwrap()).collect();
    assert!(counts.iter().any(|count| *count < 0) && counts.iter().any(|count| *count > 0), "{counts:?}");
    let [leaf] = &leaves(folder)[..] else { panic!("one leaf") };
    assert_eq!(leaf.keys(), ["v", "kind", "id", "at", "period", "digest", "epsilon"]);
    assert_eq!(leaf.text("digest"), STANDARD.encode(Sha256::digest(first.as_bytes())));
    // Another drawing is another.
    assert_ne!(publish(folder, "2020-02").held().replace("2020-02", "2020-01"), first);
    for month in 3..=12 {
        drop(publish(folder, &format!("2020-{month:02}")).held());
    }
    assert_eq!(leaves(folder).len(), 12);

    // Less budget than was spent: of that year nothing more, although a file would be there to be drawn.
    fs::remove_file(folder.join("data/figures/2020-01.json")).unwrap();
    assert!(publish(folder, "2020-01").failed(1).contains("lost or altered"));
    let folder = served.stop();
    folder.replace_in_config("epsilon_a_year = 1.0", "epsilon_a_year = 0.5");
    continue_log(&folder, 1, &[]);
    let served = Gateway::serve(folder);
    let folder = served.folder();
    assert_eq!(leaves(folder).len(), 12, "a new log says again what was spent");
    drop(publish(folder, "2021-01").held());
    assert!(
        publish(folder, "2020-02").failed(1).contains("lost or altered"),
        "its file is in the folder of the log before"
    );
    let served = Gateway::serve(served.stop());
    assert_eq!(leaves(served.folder()).len(), 13);
    crate::cases::assert_sound(served.folder());
}

#[test]
fn a_spent_budget_publishes_nothing() {
    let folder = Folder::new();
    let served = Gateway::serve(folder);
    for month in 1..=7 {
        drop(publish(served.folder(), &format!("2020-{month:02}")).held());
    }
    let folder = served.stop();
    folder.replace_in_config("epsilon_a_year = 1.0", "epsilon_a_year = 0.5");
    let served = Gateway::serve(folder);
    assert!(publish(served.folder(), "2020-08").failed(1).contains("budget of the year is spent"));
    assert_eq!(leaves(served.folder()).len(), 7);
    assert!(!served.folder().join("data/figures/2020-08.json").exists());
    drop(publish(served.folder(), "2021-08").held());
}
