//! The house itself: which crate may lean on which, and programs that must not compile. What comes in from outside is
//! in `supplies.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use credit_tests::command;
use serde_json::Value;

/// The arrows of design.md §2.
const ARROWS: [(&str, &[&str]); 4] = [
    ("credit-policy", &[]),
    ("credit-keys", &[]),
    ("credit-audit", &["credit-policy"]),
    ("credit-gateway", &["credit-audit", "credit-keys", "credit-policy"]),
];

fn packages() -> Vec<Value> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", manifest];
    let said: Value = serde_json::from_str(&command(cargo, &arguments).held()).unwrap();
    said["packages"].as_array().unwrap().clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

#[test]
fn our_crates_lean_on_one_another_as_designed_and_no_other_way() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(name).collect();
    assert_eq!(
        ours,
        BTreeSet::from(["credit-policy", "credit-keys", "credit-audit", "credit-gateway", "credit-tests"])
    );
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages.iter().filter(|package| name(package) != "credit-tests") {
        // Dependencies of every kind, for tests and build scripts too.
        let dependencies = package["dependencies"].as_array().unwrap().iter().map(name);
        arrows.insert(name(package), dependencies.filter(|name| ours.contains(name)).collect());
    }
    let designed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.into_iter().map(|(from, to)| (from, to.iter().copied().collect())).collect();
    assert_eq!(arrows, designed);
}

#[test]
fn the_pure_crates_have_nothing_that_reaches_outside() {
    // No I/O, network, clock or async in the policy; no network, HTTP or store in the keys (design.md §2).
    let reaching = ["tokio", "hyper", "hyper-util", "rustls", "tokio-rustls", "rusqlite", "mio", "futures-util"];
    // `ring` verifies the signatures of consents there; its randomness is an argument.
    let impure = ["rustix", "uuid", "tracing"];
    for package in packages() {
        let dependencies: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"] != "dev")
            .map(name)
            .collect();
        let forbidden: Vec<&str> = match name(&package) {
            "credit-policy" => [&reaching[..], &impure].concat(),
            "credit-keys" => reaching.to_vec(),
            _ => Vec::new(),
        };
        let found: Vec<_> = forbidden.iter().filter(|name| dependencies.contains(*name)).collect();
        assert!(found.is_empty(), "{} leans on {found:?}", name(&package));
    }
}

#[test]
fn wrong_programs_do_not_compile() {
    let programs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/wrong")).unwrap();
    let programs = programs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "rs"));
    assert!(programs.count() >= 18);
    trybuild::TestCases::new().compile_fail("tests/whole/wrong/*.rs");
}

#[test]
fn outside_tools_are_pinned_and_name_no_registry() {
    let read =
        |name: &str| std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/").to_owned() + name).unwrap();
    let requirements = read("requirements.txt");
    let lines = requirements.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let unpinned: Vec<_> = lines.filter(|line| !line.contains("==") || line.contains("://")).collect();
    assert!(unpinned.is_empty(), "{unpinned:?}");
    let lock: Value = serde_json::from_str(&read("package-lock.json")).unwrap();
    for (path, package) in lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty()) {
        assert!(package["integrity"].is_string() && package.get("resolved").is_none(), "{path}");
    }
}
