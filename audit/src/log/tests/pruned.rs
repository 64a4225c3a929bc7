//! Bundles that were let go: what a crash leaves, what a start needs, and that nothing else may be missing.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::release::long;
use super::*;
use crate::leaf::{Act as _, Actor, Prune};
use crate::pruned::{Pruned, PrunedHead};
use crate::tile;

/// Where the edge is, and what is kept before it.
const UNTIL: u64 = 512;
const KEPT: [u64; 3] = [0, 300, 511];

/// A log of which the write-ahead log released enough, with the leaf that says that the beginning goes.
pub(super) struct Filled {
    pub(super) log: Log,
    hashes: Vec<Hash>,
    pub(super) pruned: Pruned,
}

pub(super) fn filled(bench: &Bench) -> Filled {
    let log = bench.start();
    let tickets: Vec<_> = (0..900).map(|n| log.submit(long(bench, n), false, || true).unwrap()).collect();
    let mut hashes: Vec<Hash> = tickets.into_iter().map(|ticket| ticket.wait().unwrap().leaf_hash).collect();
    let prune = Prune { from: 0, until: UNTIL, proposal: Some(Uuid::from_u128(7 << 76)) };
    let officer = Actor::Officer { officer: "one".to_owned(), certificate: "c".to_owned() };
    let said = record(&log, prune.entry(entry(bench, 1 << 40).id, officer).unwrap());
    hashes.push(said.leaf_hash);
    assert!(log.drain(Duration::from_secs(20)));
    assert!(log.release_segments(900).unwrap().segments >= 3);
    assert!(log.released().unwrap() >= UNTIL);
    let bundle = |index: u64| fs::read(bench.log().join(tile::entries_path(index / 256, 256))).unwrap();
    let leaf = |index: u64| tile::entries(&bundle(index)).nth((index % 256) as usize).unwrap().unwrap().to_vec();
    let numbers = BTreeMap::from([("bank".to_owned(), UNTIL)]);
    let head = PrunedHead::new(ORIGIN, UNTIL, said.index, bench.clock.now(), numbers);
    let pruned = Pruned::new(head, KEPT.map(|index| (index, leaf(index))).to_vec());
    Filled { log, hashes, pruned }
}

/// A closed log with an edge.
fn let_go() -> (Bench, Filled) {
    let bench = Bench::new();
    let filled = filled(&bench);
    filled.log.let_go(&filled.pruned).unwrap();
    filled.log.close();
    (bench, filled)
}

fn bundles(bench: &Bench) -> Vec<String> {
    let folder = bench.log().join("tile/entries");
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// What is read of it: the leaves that are kept, and all from the edge on.
fn assert_left(bench: &Bench, hashes: &[Hash]) {
    let recovered = bench.recover().unwrap();
    assert_eq!((recovered.size(), recovered.root()), (hashes.len() as u64, root_of(hashes)));
    assert_eq!(recovered.contents().let_go(), UNTIL);
    for from in [0, 1, 300, 301, 512, 600] {
        let left: Vec<_> = recovered.leaves(from).map(Result::unwrap).collect();
        let wanted: Vec<u64> =
            KEPT.into_iter().chain(UNTIL..hashes.len() as u64).filter(|index| *index >= from).collect();
        assert_eq!(left.iter().map(|(index, _)| *index).collect::<Vec<_>>(), wanted, "from {from}");
        assert!(left.iter().all(|(index, leaf)| merkle::leaf_hash(leaf) == hashes[*index as usize]));
    }
}

fn refusal(bench: &Bench) -> RecoverError {
    bench.recover().err().expect("a refusal")
}

#[test]
fn nothing_goes_that_the_write_ahead_log_has_or_that_no_published_leaf_says() {
    let bench = Bench::new();
    let Filled { log, pruned, .. } = filled(&bench);
    let released = log.released().unwrap().next_multiple_of(256);
    let head = |until, leaf| PrunedHead::new(ORIGIN, until, leaf, bench.clock.now(), BTreeMap::new());
    for head in [head(released, pruned.head.leaf), head(UNTIL, log.size())] {
        assert!(log.let_go(&Pruned::new(head, Vec::new())).is_err());
    }
    // What is left could not prove what went.
    for path in [tile::path(0, 1, 256), tile::entries_path(0, 256)] {
        let path = bench.log().join(path);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[700] ^= 1;
        fs::write(&path, bad).unwrap();
        assert!(log.let_go(&pruned).is_err());
        fs::write(&path, good).unwrap();
    }
    assert_eq!((bundles(&bench).len(), log.pruned()), (4, 0));
    assert!(!bench.log().join("pruned").exists());
    log.let_go(&pruned).unwrap();
    assert_eq!((bundles(&bench).len(), log.pruned()), (2, UNTIL));
    let head = head(256, pruned.head.leaf);
    assert!(log.let_go(&Pruned::new(head, Vec::new())).is_err(), "the edge only grows");
    log.close();
    assert!(log.let_go(&pruned).is_err());
}

#[test]
fn a_log_with_an_edge_starts_goes_on_and_is_scrubbed() {
    let (bench, Filled { mut hashes, .. }) = let_go();
    assert_left(&bench, &hashes);
    let numbers = HashMap::from([("bank".to_owned(), 900)]);
    let log = bench.recover().unwrap().start(Box::new(TestSigner::new(7)), numbers).unwrap();
    for bundle in 0..9 {
        let scrubbed = log.scrub(bundle).unwrap();
        assert!(scrubbed.next >= UNTIL / 256 && scrubbed.restored.is_empty());
    }
    assert!(matches!(log.receipt(entry(&bench, 3).id, "bank"), Err(LookupError::NotFound)));
    let found = log.receipt(entry(&bench, 600).id, "bank").unwrap();
    assert_eq!(found.index, 600);
    hashes.extend((0..300).map(|n| record(&log, long(&bench, 2 << 40 | n)).leaf_hash));
    assert!(log.drain(Duration::from_secs(20)));
    log.close();
    assert_left(&bench, &hashes);
    let report = crate::verify::hashes(&bench.log(), &key(), &[], &mut ()).unwrap();
    assert_eq!(report.checkpoint.size, hashes.len() as u64);
}

#[test]
fn a_crash_at_any_step_leaves_all_of_it_or_what_is_left_of_it() {
    let copies = Arc::new(Mutex::new((None::<Settings>, Vec::new())));
    let of_probe = Arc::clone(&copies);
    let bench = Bench::probed(move |step| {
        let (settings, made) = &mut *of_probe.lock().unwrap();
        if let Some(settings) = settings
            && matches!(step, Step::LetGo | Step::RemoveBundle)
        {
            let to = settings.dir.with_extension(format!("copy-{}", made.len()));
            crash::copy(settings, &to);
            made.push((to, step));
        }
        Ok(())
    });
    copies.lock().unwrap().0 = Some(bench.settings.clone());
    let Filled { log, hashes, pruned } = filled(&bench);
    log.let_go(&pruned).unwrap();
    log.close();
    let made = std::mem::take(&mut copies.lock().unwrap().1);
    assert_eq!(
        made.iter().map(|(_, step)| *step).collect::<Vec<_>>(),
        [Step::LetGo, Step::RemoveBundle, Step::RemoveBundle]
    );
    for (dir, step) in made {
        let mut copied = Bench::new();
        copied.settings.rollback_guard = dir.join("wal").join("second-place");
        copied.settings.dir = dir;
        if step == Step::LetGo {
            assert_eq!(leaf_hashes(&copied.recover().unwrap()), hashes);
            assert_eq!(bundles(&copied).len(), 4);
        } else {
            assert_left(&copied, &hashes);
            assert_eq!(bundles(&copied), ["002", "003.p"]);
        }
    }
}

#[test]
fn what_is_missing_and_was_not_let_go_is_lost() {
    let (bench, Filled { hashes, .. }) = let_go();
    let lost = |path: String| {
        let path = bench.log().join(path);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let found = refusal(&bench);
        fs::write(path, good).unwrap();
        found
    };
    assert!(matches!(lost(tile::path(0, 1, 256)), RecoverError::Bundle { .. }), "the hashes are all that is left");
    assert!(matches!(lost("pruned".to_owned()), RecoverError::Bundle { .. }));
    let pruned = bench.log().join("pruned");
    let good = fs::read(&pruned).unwrap();
    let said = |until: u64, leaf: u64| {
        let head = PrunedHead::new(ORIGIN, until, leaf, bench.clock.now(), BTreeMap::new());
        fs::write(&pruned, Pruned::new(head, Vec::new()).to_bytes().unwrap()).unwrap();
        refusal(&bench)
    };
    assert!(matches!(said(256, 900), RecoverError::Bundle { .. }), "put back");
    assert!(matches!(said(768, 900), RecoverError::Pruned { leaf: 900, .. }), "ahead of what was said");
    assert!(matches!(said(UNTIL, 899), RecoverError::Pruned { leaf: 899, .. }), "another leaf");
    assert!(matches!(said(UNTIL, 4_000), RecoverError::Pruned { leaf: 4_000, .. }), "a leaf that was put back");
    assert_eq!(bundles(&bench).len(), 2, "nothing is removed before it is checked");
    fs::write(&pruned, good).unwrap();
    assert_left(&bench, &hashes);
}

#[test]
fn tiles_above_the_lowest_level_are_made_again_over_the_edge() {
    let (bench, Filled { hashes, .. }) = let_go();
    fs::remove_dir_all(bench.log().join("tile/1")).unwrap();
    assert_left(&bench, &hashes);
    assert_eq!(crate::verify::hashes(&bench.log(), &key(), &[], &mut ()).unwrap().checkpoint.size, 901);
    let path = bench.log().join(tile::path(0, 0, 256));
    let mut bad = fs::read(&path).unwrap();
    bad[9] ^= 1;
    fs::write(&path, bad).unwrap();
    // A hash that is another leads to another root, where it is looked at.
    fs::remove_dir_all(bench.log().join("tile/1")).unwrap();
    assert!(bench.recover().is_err());
}
