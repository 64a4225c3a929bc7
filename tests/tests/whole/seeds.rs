//! Every seed of the fuzz targets, and everything that the fuzzer found once, through the targets themselves.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use credit_tests::fuzz::{TARGETS, feed};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Feeds a target all its seeds.
fn replay(target: &str) {
    let folder = fuzz().join("seeds").join(target);
    let seeds = names(&folder);
    assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
    for seed in seeds {
        let bytes = fs::read(folder.join(&seed)).unwrap();
        assert!(bytes.len() <= 4096, "{target}/{seed} is larger than what the fuzzer makes");
        let fed = std::panic::catch_unwind(|| feed(target, &bytes));
        let Ok(taken) = fed else { panic!("tests/fuzz/seeds/{target}/{seed}: a property does not hold, see above") };
        // Seeds that do not get where they are meant to would test little. Of findings, all that counts is that they pass.
        if !seed.starts_with("found-") {
            assert_eq!(taken, !seed.starts_with("not-"), "tests/fuzz/seeds/{target}/{seed}");
        }
    }
}

#[test]
fn every_target_has_seeds_and_a_binary() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("seeds")), targets);
    let binaries: BTreeSet<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), binaries);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in targets {
        assert!(
            manifest.contains(&format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n")),
            "{name}"
        );
    }
}

#[test]
fn bundles() {
    replay("bundle");
}

#[test]
fn catalogues() {
    replay("catalogue");
}

#[test]
fn certificates() {
    replay("certificate");
}

#[test]
fn checkpoints() {
    replay("checkpoint");
}

#[test]
fn consent_tokens() {
    replay("consent_token");
}

#[test]
fn frames() {
    replay("frame");
}

#[test]
fn heads() {
    replay("head");
}

#[test]
fn notes() {
    replay("note");
}

#[test]
fn proofs() {
    replay("proof");
}

#[test]
fn query_bodies() {
    replay("query_body");
}
