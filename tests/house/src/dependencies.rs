//! Which crate may need which, and that every dependency that a manifest names is used.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    manifests::{Dependency, Kind, dependencies},
    modules::Crate,
    sources::Sources,
};

/// Our crates, and which of ours each needs, for tests too.
const CRATES: &[(&str, &[&str])] = &[
    ("policy", &[]),
    ("keys", &[]),
    ("audit", &["credit-policy"]),
    ("gateway", &["credit-audit", "credit-keys", "credit-policy"]),
    ("tests", &["credit-audit", "credit-gateway", "credit-keys", "credit-policy"]),
    ("tests/house", &[]),
];

/// What a crate must not need outside of its tests, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("policy", REACHING, "it decides without network, store and async"),
    ("policy", &["rustix", "uuid", "tracing"], "time, randomness and the system are arguments; `ring` only verifies"),
    ("keys", REACHING, "keys need no network, no HTTP and no store"),
];

const REACHING: &[&str] =
    &["tokio", "hyper", "hyper-util", "rustls", "tokio-rustls", "rusqlite", "mio", "futures-util"];

/// Dependencies that no file names, and why: package, names, reason.
const UNNAMED: &[(&str, &[&str], &str)] = &[(
    "audit",
    &[
        "chrono",
        "futures-channel",
        "futures-util",
        "crypto-common",
        "ctutils",
        "digest",
        "getrandom",
        "getrandom-of-ring",
        "hashbrown",
        "hybrid-array",
        "itertools",
        "memchr",
        "num-traits",
        "portable-atomic",
        "signature",
        "subtle",
        "syn",
        "tracing",
        "tracing-core",
    ],
    "they give crates of both commands the gateway's features, so that each is built once for both",
)];

/// Differences from the table of crates.
fn arrows(sources: &Sources, crates: &[(&str, &[&str])]) -> Vec<String> {
    let designed: BTreeMap<&str, BTreeSet<&str>> =
        crates.iter().map(|(package, needs)| (*package, needs.iter().copied().collect())).collect();
    let ours = |dependency: Dependency<'_>| dependency.name.starts_with("credit-");
    let mut faults = Vec::new();
    for (package, manifest) in sources.packages() {
        let found: BTreeSet<&str> =
            dependencies(manifest).into_iter().filter(|found| ours(*found)).map(|found| found.name).collect();
        if designed.get(package) != Some(&found) {
            faults.push(format!("`{package}` needs {found:?}, in the table {:?}", designed.get(package)));
        }
    }
    let missing = designed.keys().filter(|package| !sources.packages().any(|(found, _)| found == **package));
    faults.extend(missing.map(|package| format!("`{package}` is in the table and not in the workspace")));
    faults
}

fn forbidden(sources: &Sources, rules: &[(&str, &[&str], &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (package, names, why) in rules {
        let manifest = sources.text(&format!("{package}/Cargo.toml")).unwrap();
        let needed = dependencies(manifest).into_iter().filter(|found| found.kind != Kind::Dev);
        let found = needed.filter(|found| names.contains(&found.name));
        faults.extend(found.map(|found| format!("`{package}` must not need `{}`: {why}", found.name)));
    }
    faults
}

/// Dependencies that no file of their kind names, and exceptions that are not needed.
fn unused(sources: &Sources, exceptions: &[(&str, &[&str], &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut left: BTreeSet<(&str, &str)> =
        exceptions.iter().flat_map(|(package, names, _)| names.iter().map(|name| (*package, *name))).collect();
    let excepted = left.clone();
    let mut taken = BTreeSet::new();
    for (package, manifest) in sources.packages() {
        let used = used(sources, package);
        for Dependency { name, kind } in dependencies(manifest) {
            taken.insert(name);
            let kinds: &[Kind] = if kind == Kind::Dev { &[Kind::Normal, Kind::Dev] } else { &[kind] };
            let is_used =
                kinds.iter().any(|kind| used.get(&name.replace('-', "_")).is_some_and(|found| found.contains(kind)));
            if is_used {
                continue;
            }
            // One may be needed for what is built and for what builds it.
            left.remove(&(package, name));
            if !excepted.contains(&(package, name)) {
                faults.push(format!("{package}/Cargo.toml: `{name}` ({kind:?}) is used nowhere"));
            }
        }
    }
    let workspace = dependencies(sources.text("Cargo.toml").unwrap_or_default());
    let not_taken = workspace.iter().filter(|found| found.kind == Kind::Workspace && !taken.contains(found.name));
    faults.extend(not_taken.map(|found| format!("Cargo.toml: no package takes `{}`", found.name)));
    faults.extend(left.iter().map(|(package, name)| format!("{package}/Cargo.toml: `{name}` needs no exception")));
    faults
}

fn used(sources: &Sources, package: &str) -> BTreeMap<String, Vec<Kind>> {
    let mut used: BTreeMap<String, Vec<Kind>> = BTreeMap::new();
    for root in sources.roots(package) {
        let below = root.strip_prefix(package).unwrap_or(root);
        for (name, only_tests) in Crate::read(sources, root).outside() {
            let kind = match below {
                "/build.rs" => Kind::Build,
                _ if only_tests || !below.starts_with("/src/") => Kind::Dev,
                _ => Kind::Normal,
            };
            used.entry(name.to_owned()).or_default().push(kind);
        }
    }
    used
}

#[test]
fn our_crates_need_one_another_as_designed() {
    let faults = arrows(&Sources::of_the_workspace(), CRATES);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_pure_crates_need_nothing_that_reaches_outside() {
    let faults = forbidden(&Sources::of_the_workspace(), FORBIDDEN);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_dependency_is_used() {
    let faults = unused(&Sources::of_the_workspace(), UNNAMED);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn another_arrow_between_crates_fails() {
    let sources = Sources::made_up(&[
        ("a/Cargo.toml", "[dependencies]\ncredit-b.workspace = true"),
        ("b/Cargo.toml", "[dev-dependencies]\ncredit-a.workspace = true"),
    ]);
    let faults = arrows(&sources, &[("a", &["credit-b"]), ("b", &[]), ("c", &[])]);
    assert_eq!(
        faults,
        ["`b` needs {\"credit-a\"}, in the table Some({})", "`c` is in the table and not in the workspace"]
    );
}

#[test]
fn a_dependency_that_is_forbidden_fails() {
    let sources =
        Sources::made_up(&[("a/Cargo.toml", "[dependencies]\ntokio = \"1\"\n[dev-dependencies]\nhyper = \"1\"")]);
    assert_eq!(forbidden(&sources, &[("a", &["tokio", "hyper"], "pure")]), ["`a` must not need `tokio`: pure"]);
}

#[test]
fn a_dependency_that_is_not_used_fails() {
    let manifest = "[dependencies]\nin-code = \"1\"\nin-tests = \"1\"\nshadowed = \"1\"\n\
        [dev-dependencies]\nin-suite = \"1\"\nnowhere = \"1\"\n[build-dependencies]\ncc = \"1\"";
    let sources = Sources::made_up(&[
        ("Cargo.toml", "[workspace.dependencies]\nin-code = \"1\"\nspare = \"1\""),
        ("a/Cargo.toml", manifest),
        (
            "a/src/lib.rs",
            "mod shadowed; use shadowed::X; fn f() { in_code::g() } #[cfg(test)] mod t { use in_tests::T; }",
        ),
        ("a/src/shadowed.rs", "// cc::Build"),
        ("a/tests/suite.rs", "use in_suite::in_suite;"),
        ("a/build.rs", "fn main() { cc::Build::new(); }"),
    ]);
    assert_eq!(
        unused(&sources, &[]),
        [
            "a/Cargo.toml: `in-tests` (Normal) is used nowhere",
            "a/Cargo.toml: `shadowed` (Normal) is used nowhere",
            "a/Cargo.toml: `nowhere` (Dev) is used nowhere",
            "Cargo.toml: no package takes `spare`",
        ]
    );
}

#[test]
fn a_dependency_is_named_nowhere_only_as_long_as_it_must() {
    let sources = Sources::made_up(&[
        ("a/Cargo.toml", "[dependencies]\nused = \"1\"\nunused = \"1\"\n[build-dependencies]\nunused-too = \"1\""),
        ("a/src/lib.rs", "use used::X;"),
    ]);
    let faults = unused(&sources, &[("a", &["unused", "unused-too", "used", "gone"], "")]);
    assert_eq!(faults, ["a/Cargo.toml: `gone` needs no exception", "a/Cargo.toml: `used` needs no exception"]);
}

#[test]
fn what_no_file_names_has_its_reason() {
    assert!(UNNAMED.iter().all(|(_, names, why)| !names.is_empty() && why.len() > 20));
}
