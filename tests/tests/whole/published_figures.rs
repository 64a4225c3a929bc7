//! Figures that are published: drawn once, on the record, and within the year's budget.

use std::{collections::BTreeSet, fs, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_policy::{Catalogue, catalogue};
use credit_tests::{
    Ended, Folder, Gateway, audit, binaries, command, gateway,
    query::{look_up_under, with},
};
use jiff::{ToSpan, civil::Date};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    consents::new_log::continued,
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
    assert!(publish(folder, "2999-01").failed(1).contains("a month that is over"));
    for month in ["2026-13", "2026-1", "January", "2026"] {
        assert!(publish(folder, month).failed(64).contains("a month is written as 2026-11"), "{month}");
    }
    assert!(leaves(folder).is_empty() && !folder.join("data/figures").exists());
}

/// A year, less a day.
const DAYS: i64 = 364;

/// A gateway whose log began a year ago, less a day: that is as long as a demo's revocation list holds.
fn a_year_later(folder: Folder) -> Gateway {
    let command = ahead(Gateway::serve_command(&folder), DAYS);
    Gateway::start(folder, command)
}

#[test]
fn a_month_before_the_log_began_is_not_published() {
    let served = Gateway::serve(Folder::new());
    for language in ["C.UTF-8", "zh_CN.UTF-8"] {
        let config = served.folder().config();
        let config = config.to_str().unwrap();
        let variable = format!("LC_ALL={language}");
        let program = binaries::credit_gateway();
        let said = command(
            "env",
            &[
                variable.as_ref(),
                program.as_os_str(),
                "figures".as_ref(),
                "publish".as_ref(),
                "--month".as_ref(),
                "2020-01".as_ref(),
                "--config".as_ref(),
                config.as_ref(),
            ],
        )
        .failed(1);
        assert!(said.contains("the first record of this log is later") || said.contains("首条记录晚于该月"), "{said}");
    }
    assert!(leaves(served.folder()).is_empty() && !served.folder().join("data/figures").exists());
}

/// The ten months after the one in which the log begins: all are over [a year later](a_year_later).
fn months(folder: &Folder) -> Vec<String> {
    let first: Date = format!("{}-01", this_month(folder)).parse().unwrap();
    (1..=10).map(|after| first.saturating_add(after.months()).strftime("%Y-%m").to_string()).collect()
}

#[test]
fn figures_are_drawn_once_given_again_unchanged_and_end_with_the_budget_in_whatever_log() {
    let folder = Gateway::serve(Folder::new()).stop();
    let (begun, months) = (this_month(&folder), months(&folder));
    let served = a_year_later(folder);
    let folder = served.folder();
    let first = publish(folder, &months[0]).held();
    assert_eq!(publish(folder, &months[0]).held(), first);
    let figures: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((figures["period"].as_str(), figures["epsilon"].as_str()), (Some(&*months[0]), Some("0.083")));
    assert_eq!((figures["epsilon_a_year"].as_str(), figures["logs"].as_u64()), (Some("1.000"), Some(1)));
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
    assert_ne!(publish(folder, &months[1]).held().replace(&months[1], &months[0]), first);
    for month in &months[2..] {
        drop(publish(folder, month).held());
    }
    assert_eq!(leaves(folder).len(), 10);
    let file = folder.join(format!("data/figures/{}.json", months[0]));
    drop(audit(&["figures", file.to_str().unwrap(), "--log", folder.log().to_str().unwrap()]).held());

    fs::remove_file(file).unwrap();
    assert!(publish(folder, &months[0]).failed(1).contains("lost or altered"));
    let folder = served.stop();
    let config = folder.config();
    let next = "credit-gateway.example/2026/next-1";
    let mut rotate = Command::new(binaries::credit_gateway());
    rotate.args(["keys", "rotate", "log", "--origin", next, "--config", config.to_str().unwrap()]);
    assert!(ahead(rotate, DAYS).status().unwrap().success());
    continued(&folder, 1, next);
    let served = a_year_later(folder);
    let folder = served.folder();
    assert_eq!(leaves(folder).len(), 10, "a new log says again what was spent");
    assert!(
        publish(folder, &months[1]).failed(1).contains("lost or altered"),
        "its file is in the folder of the log before"
    );
    assert!(publish(folder, &begun).failed(1).contains("is later than that month"), "it is in the log before");
    let served = a_year_later(served.stop());
    assert_eq!(leaves(served.folder()).len(), 10);
    crate::cases::assert_sound(served.folder());
}

#[test]
fn a_spent_budget_publishes_nothing() {
    let folder = Gateway::serve(Folder::new()).stop();
    let months = months(&folder);
    // Of the year that most of them are of, all but one.
    let year = |month: &String| month[..4].to_owned();
    let is_of_most = |month: &&String| months.iter().filter(|other| year(other) == year(month)).count() >= 5;
    let (of_year, of_another): (Vec<_>, Vec<_>) = months.iter().partition(is_of_most);
    let (last, spent) = of_year.split_last().unwrap();
    let served = a_year_later(folder);
    for month in spent {
        drop(publish(served.folder(), month).held());
    }
    let folder = served.stop();
    folder.replace_in_config("epsilon_a_year = 1.0", "epsilon_a_year = 0.3");
    let served = a_year_later(folder);
    assert!(publish(served.folder(), last).failed(1).contains("budget of the year is spent"));
    assert_eq!(leaves(served.folder()).len(), spent.len());
    assert!(!served.folder().join(format!("data/figures/{last}.json")).exists());
    if let Some(month) = of_another.first() {
        drop(publish(served.folder(), month).held());
    }
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
