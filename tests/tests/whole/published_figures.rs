//! Figures that are published: drawn once, on the record, and within the year's budget.

use std::{collections::BTreeSet, fs};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{
    Ended, Folder, Gateway, gateway,
    query::{look_up_under, with},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    consents::new_log::continue_log,
    faults::clock::ahead,
    monthly::{of_month, this_month},
    officers::month::number,
};

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

/// At ten times the budget a month's noise has scale 12: beyond 300 it is once in a hundred thousand million draws.
const NOISE: i64 = 300;

/// What of each person counts, whoever asked how often: ten queries.
#[test]
fn what_is_published_is_what_was_asked_but_for_the_noise_and_at_most_ten_queries_of_a_person() {
    let folder = Folder::new();
    folder.replace_in_config("epsilon_a_year = 1.0", "epsilon_a_year = 10.0");
    let served = Gateway::serve(folder);
    let folder = served.folder();
    let ask = |who: &str, scenario: &str, persons: u64, queries: u64| {
        credit_tests::run(async {
            let mut connection = folder.caller(who).http1().await.unwrap();
            for nr in 0..persons * queries {
                let asked = look_up_under(&number(nr % persons, false), &format!("F-{who}-{nr}"));
                let reply = connection.ask(&with(asked, "scenario", scenario)).await.unwrap();
                assert_eq!(reply.status, 200, "{}", reply.code());
            }
        });
    };
    // Two persons very often, and seventy a little: as many answers.
    ask("housing", "public-rental-housing", 2, 350);
    ask("supervisor", "supervision-inspection", 70, 10);
    drop(folder.leaves());
    let month = this_month(folder);
    let exact: Value = serde_json::from_str(&of_month(folder, &month, &["--json"]).held()).unwrap();
    for scenario in ["public-rental-housing", "supervision-inspection"] {
        assert_eq!(exact["queries"]["scenarios"][scenario]["answered"], 700, "the supervisor reads all of them");
    }
    let folder = served.stop();
    // In another month.
    let command = ahead(Gateway::serve_command(&folder), 32);
    let served = Gateway::start(folder, command);
    let published: Value = serde_json::from_str(&publish(served.folder(), &month).held()).unwrap();
    let cells = published["cells"].as_array().unwrap();
    for cell in cells {
        let expected = match (cell["scenario"].as_str().unwrap(), cell["kind"].as_str().unwrap()) {
            // Their first ten each; but of those whom both asked about, what the second counts is less by that.
            ("public-rental-housing", "housing-department") => 20,
            ("supervision-inspection", "credit-supervisor") => 680,
            _ => 0,
        };
        let told = cell["answered"].as_i64().unwrap();
        assert!((told - expected).abs() < NOISE, "{cell}: {expected}");
    }
    let noisy = cells.iter().filter(|cell| cell["answered"] != 0 && cell["answered"] != 20 && cell["answered"] != 680);
    assert!(noisy.count() * 2 > cells.len(), "each cell has noise of its own");
}
