//! What comes in from outside: the essentials of `deny.toml`, read from it and held against what Cargo resolved, without
//! cargo-deny. `tests/supply-chain` runs all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use credit_tests::command;
use serde_json::Value as Json;
use toml::{Table, Value};

/// The crates that may call a C compiler (docs/supply-chain.md); `stacker` does so on Windows only.
const C: [&str; 5] = ["libmimalloc-sys", "libsqlite3-sys", "psm", "ring", "stacker"];

/// What only the fuzz targets have.
const OF_LIBFUZZER: [&str; 3] = ["arbitrary", "jobserver", "libfuzzer-sys"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn table(path: &str) -> Table {
    fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Value::as_str)
}

/// The packages of a lock file.
fn locked(path: &str) -> Vec<Table> {
    let lock = table(path);
    lock["package"].as_array().unwrap().iter().map(|package| package.as_table().unwrap().clone()).collect()
}

/// What Cargo resolves for Linux, with everything that tests and build scripts need.
fn metadata() -> Json {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = root().join("Cargo.toml");
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform=x86_64-unknown-linux-gnu",
        "--manifest-path",
        manifest.to_str().unwrap(),
    ];
    serde_json::from_str(&command(cargo, &arguments).held()).unwrap()
}

/// The packages that are resolved, each with its node.
fn packages() -> Vec<(Json, Json)> {
    let said = metadata();
    let nodes = said["resolve"]["nodes"].as_array().unwrap().iter();
    let nodes: BTreeMap<&str, &Json> = nodes.map(|node| (node["id"].as_str().unwrap(), node)).collect();
    let packages = said["packages"].as_array().unwrap().iter();
    packages.filter_map(|package| Some((package.clone(), (*nodes.get(package["id"].as_str()?)?).clone()))).collect()
}

fn name(package: &Json) -> &str {
    package["name"].as_str().unwrap()
}

/// The texts of a list in `deny.toml`; of a list of tables, their `crate`.
fn listed(section: &str, key: &str) -> BTreeSet<String> {
    let deny = table("deny.toml");
    let list = deny[section][key].as_array().unwrap();
    let entry = |entry: &Value| entry.get("crate").unwrap_or(entry).as_str().unwrap().to_owned();
    list.iter().map(entry).collect()
}

#[test]
fn everything_comes_from_the_one_registry_with_its_checksum() {
    let registries = listed("sources", "allow-registry");
    for lock in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let (ours, others): (Vec<_>, Vec<_>) = locked(lock).into_iter().partition(|p| text(p, "source").is_none());
        assert!(ours.iter().all(|package| text(package, "name").unwrap().starts_with("credit-")), "{lock}: {ours:?}");
        assert!(others.len() > 100);
        for package in others {
            let source = text(&package, "source").unwrap().strip_prefix("registry+").unwrap_or_default();
            assert!(registries.contains(source) && text(&package, "checksum").is_some(), "{lock}: {package:?}");
        }
    }
}

#[test]
fn no_banned_crate_comes_in() {
    let banned = listed("bans", "deny");
    assert!(banned.contains("openssl") && banned.contains("native-tls") && banned.contains("aws-lc-rs"));
    for lock in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let names: BTreeSet<String> = locked(lock).iter().map(|p| text(p, "name").unwrap().to_owned()).collect();
        let found: Vec<_> = names.intersection(&banned).collect();
        assert!(found.is_empty(), "{lock}: {found:?}");
    }
}

#[test]
fn every_licence_is_on_the_list() {
    let allowed = listed("licenses", "allow");
    let packages = packages();
    assert!(packages.len() > 200);
    for (package, _) in &packages {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_allowed(licence, &allowed), "{} {} is under `{licence}`", name(package), package["version"]);
    }
}

#[test]
fn licences_are_read_as_spdx_writes_them() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned(), "ISC".to_owned()]);
    for (licence, wanted) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT AND ISC", true),
        ("(MIT OR GPL-3.0-only) AND ISC", true),
        ("(MIT AND GPL-3.0-only) OR ISC", true),
        ("MIT AND (GPL-3.0-only OR BSD-4-Clause)", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), wanted, "{licence}");
    }
}

/// Whether the terms that an SPDX expression gives can be kept by what is allowed. OR binds less than AND; the old `/`
/// means OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace("+WITH+", " WITH ")).collect();
    let mut at = 0;
    let held = any(&words, &mut at, allowed);
    held && at == words.len()
}

fn any(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut held = all(words, at, allowed);
    while words.get(*at).is_some_and(|word| word == "OR") {
        *at += 1;
        held |= all(words, at, allowed);
    }
    held
}

fn all(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut held = one(words, at, allowed);
    while words.get(*at).is_some_and(|word| word == "AND") {
        *at += 1;
        held &= one(words, at, allowed);
    }
    held
}

fn one(words: &[String], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let word = words.get(*at);
    *at += 1;
    if word.is_some_and(|word| word == "(") {
        let held = any(words, at, allowed);
        *at += 1;
        return held;
    }
    word.is_some_and(|word| allowed.contains(word))
}

#[test]
fn no_version_is_left_open() {
    let ours = packages().into_iter().filter(|(package, _)| package["source"].is_null());
    for (package, _) in ours {
        for dependency in package["dependencies"].as_array().unwrap() {
            let open = dependency["req"] == "*" && dependency["path"].is_null();
            assert!(!open, "{} takes any version of {}", name(&package), dependency["name"]);
        }
    }
}

#[test]
fn no_new_c_comes_in() {
    let calls_a_compiler = |node: &Json| node["deps"].as_array().unwrap().iter().any(|needed| needed["name"] == "cc");
    let found = packages().into_iter().filter(|(_, node)| calls_a_compiler(node));
    let found: BTreeSet<String> = found.map(|(package, _)| name(&package).to_owned()).collect();
    let known: BTreeSet<String> = C.into_iter().map(str::to_owned).collect();
    let page = fs::read_to_string(root().join("docs/supply-chain.md")).unwrap();
    assert!(
        known.iter().all(|name| page.contains(&format!("`{name}`"))),
        "docs/supply-chain.md does not name them all"
    );
    assert_eq!(found, known, "what compiles C or assembly changed: see docs/supply-chain.md");
}

/// The fuzzer feeds what is shipped, and not other versions of what it is built on.
#[test]
fn the_fuzz_targets_are_built_on_the_same_versions() {
    let known = |packages: Vec<Table>| -> BTreeSet<(String, String)> {
        let pair = |package: &Table| Some((text(package, "name")?.to_owned(), text(package, "version")?.to_owned()));
        packages.iter().filter_map(pair).filter(|(name, _)| name != "credit-fuzz").collect()
    };
    let (ours, theirs) = (known(locked("Cargo.lock")), known(locked("tests/fuzz/Cargo.lock")));
    let other: Vec<_> = theirs.difference(&ours).filter(|(name, _)| !OF_LIBFUZZER.contains(&name.as_str())).collect();
    assert!(other.is_empty(), "copy Cargo.lock to tests/fuzz and run `cargo metadata` there: {other:?}");
}

#[test]
fn outside_tools_are_pinned_and_name_no_registry() {
    let read =
        |name: &str| fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/").to_owned() + name).unwrap();
    let requirements = read("requirements.txt") + &read("generator.txt");
    let lines = requirements.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let unpinned: Vec<_> = lines.filter(|line| !line.contains("==") || line.contains("://")).collect();
    assert!(unpinned.is_empty(), "{unpinned:?}");
    let lock: Json = serde_json::from_str(&read("package-lock.json")).unwrap();
    for (path, package) in lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty()) {
        assert!(package["integrity"].is_string() && package.get("resolved").is_none(), "{path}");
    }
}

/// Features of each package that a command is made of: for the target as Cargo's edges ask, `normal` or more.
fn built(package: &str, edges: &str) -> BTreeSet<String> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = root().join("Cargo.toml");
    let arguments = [
        "tree",
        "--locked",
        "--offline",
        "--target=x86_64-unknown-linux-gnu",
        "--prefix=none",
        "--no-dedupe",
        "--format={p} [{f}]",
        "--manifest-path",
        manifest.to_str().unwrap(),
        "--edges",
        edges,
        "--package",
        package,
    ];
    command(cargo, &arguments).held().lines().map(str::to_owned).collect()
}

/// Who has built one command has built nearly all of the other: Cargo builds a crate again where the features differ, and
/// with it all that leans on it.
#[test]
fn both_commands_are_built_of_the_same_crates() {
    for edges in ["normal,no-proc-macro", "normal,build"] {
        let (gateway, audit) = (built("credit-gateway", edges), built("credit-audit", edges));
        assert!(audit.len() > 100 && gateway.len() > audit.len());
        let other: Vec<_> = audit.difference(&gateway).collect();
        assert!(other.is_empty(), "give these the gateway's features in audit/Cargo.toml: {other:?}");
    }
}
