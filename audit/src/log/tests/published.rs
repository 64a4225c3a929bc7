//! What others read: tiles, bundles, checkpoint, receipts.

use std::collections::BTreeSet;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::proof::Proof;
use crate::tile::{self, TileKind, TileName};

/// Every file below a folder but temporary ones, relative to it.
fn files(dir: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_name().to_str().unwrap().starts_with('.') {
                // Temporary: what a crash left.
            } else if path.is_dir() {
                dirs.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// The hashes of one level over all leaves.
fn level(leaves: &[Hash], level: u8) -> Vec<Hash> {
    let span = 1usize << (8 * u32::from(level));
    leaves.chunks_exact(span).map(root_of).collect()
}

/// The published tree is that of these leaves: checkpoint, every tile that it needs, and no wrong one.
pub(super) fn assert_published(dir: &Path, leaves: &[Hash]) {
    let note = fs::read_to_string(dir.join("checkpoint")).unwrap();
    let checkpoint = Checkpoint::open(&note, &key()).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (leaves.len() as u64, root_of(leaves)));
    let there = files(&dir.join("tile")).into_iter().map(|path| format!("tile/{path}")).collect::<BTreeSet<_>>();
    let levels: Vec<_> = (0..3).map(|number| level(leaves, number)).collect();
    for (number, hashes) in levels.iter().enumerate() {
        for (index, tile) in hashes.chunks(256).enumerate() {
            let width = tile.len() as u16;
            let mut needed = vec![tile::path(number as u8, index as u64, width)];
            if number == 0 {
                needed.push(tile::entries_path(index as u64, width));
            }
            for path in needed {
                assert!(there.contains(&path), "`{path}` is missing in {there:?}");
            }
        }
    }
    for path in &there {
        let TileName { kind, index, width } = tile::parse_path(path).unwrap_or_else(|| panic!("stray `{path}`"));
        let bytes = fs::read(dir.join(path)).unwrap();
        let from = index as usize * 256;
        let range = from..from + usize::from(width);
        match kind {
            TileKind::Hashes(number) => {
                assert_eq!(bytes, levels[usize::from(number)][range.clone()].as_flattened(), "`{path}`");
            }
            TileKind::Entries => {
                let hashes: Vec<_> = tile::entries(&bytes).map(|leaf| merkle::leaf_hash(leaf.unwrap())).collect();
                assert_eq!(hashes, leaves[range.clone()], "`{path}`");
            }
        }
        if width < 256 {
            let full = TileName { kind, index, width: 256 }.path();
            assert!(!there.contains(&full), "`{path}` was not cleaned up");
        }
    }
}

/// Submits many and waits for all.
pub(super) fn record_many(log: &Log, bench: &Bench, from: u64, to: u64) -> Vec<Durable> {
    let mut recorded = Vec::new();
    let mut next = from;
    // The time that a test lets pass may have passed within a publication.
    assert!(eventually(|| log.recordable()));
    while next < to {
        let chunk = next..to.min(next + 10_000);
        next = chunk.end;
        let tickets: Vec<_> = chunk.map(|n| log.submit(entry(bench, n), false, || true).unwrap()).collect();
        recorded.extend(tickets.into_iter().map(|ticket| ticket.wait().unwrap()));
    }
    recorded
}

#[test]
fn the_published_tree_is_right_at_every_edge() {
    let mut bench = Bench::new();
    bench.settings.segment_bytes = 4 << 20;
    let log = bench.start();
    let mut hashes = Vec::new();
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000] {
        let from = hashes.len() as u64;
        hashes.extend(record_many(&log, &bench, from, size).into_iter().map(|durable| durable.leaf_hash));
        assert!(log.drain(Duration::from_secs(20)));
        assert_published(&bench.log(), &hashes);
        let report = crate::verify::directory(&bench.log(), &key(), &[], &mut ()).unwrap();
        assert_eq!((report.checkpoint.size, report.leaves.unwrap().count), (size, size));
    }
    log.close();
    let recovered = bench.recover().unwrap();
    assert_eq!((recovered.size(), recovered.root()), (70_000, root_of(&hashes)));
    assert_eq!(recovered.leaves(69_990).count(), 10);
    drop(recovered);
    rebuilt_after_loss(&bench, &hashes);
}

/// Whatever of the tiles is missing or wrong at the edge is made anew, and all of them when all are gone.
fn rebuilt_after_loss(bench: &Bench, hashes: &[Hash]) {
    let tiles = bench.log().join("tile");
    let before = files(&tiles);
    for lost in ["1/001.p/17", "2/000.p/1", "0/273.p/112", "entries/273.p/112", "1"] {
        let path = tiles.join(lost);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        drop(bench.recover().unwrap());
        assert_published(&bench.log(), hashes);
    }
    for damaged in ["1/001.p/17", "entries/273.p/112"] {
        fs::write(tiles.join(damaged), vec![3; 17 * 32]).unwrap();
        drop(bench.recover().unwrap());
        assert_published(&bench.log(), hashes);
    }
    fs::remove_dir_all(&tiles).unwrap();
    drop(bench.recover().unwrap());
    assert_published(&bench.log(), hashes);
    // Which sizes were published on the way, and so which partial tiles there are beside those that are needed, depends
    // on how the leaves fell into batches; the full ones do not.
    let full =
        |files: &BTreeSet<String>| files.iter().filter(|path| !path.contains(".p/")).cloned().collect::<Vec<_>>();
    assert_eq!(full(&files(&tiles)), full(&before));
    // The checkpoint too: then the whole log counts as not published.
    fs::remove_dir_all(&tiles).unwrap();
    fs::remove_file(bench.log().join("checkpoint")).unwrap();
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    assert_published(&bench.log(), hashes);
}

#[test]
fn partial_tiles_of_every_published_size_stay_until_the_full_one_exists() {
    let bench = Bench::new();
    let log = bench.start();
    for n in 0..5 {
        record(&log, entry(&bench, n));
        assert!(log.drain(Duration::from_secs(10)));
    }
    let partial: Vec<_> = (1..=5).map(|width| format!("0/000.p/{width}")).collect();
    let there = files(&bench.log().join("tile"));
    assert!(partial.iter().all(|path| there.contains(path)), "{there:?}");
    record_many(&log, &bench, 5, 256);
    assert!(log.drain(Duration::from_secs(10)));
    let there = files(&bench.log().join("tile"));
    assert_eq!(there.iter().collect::<Vec<_>>(), ["0/000", "1/000.p/1", "entries/000"]);
}

#[test]
fn a_leaf_is_published_at_once_after_a_pause_and_soon_under_load() {
    let mut bench = Bench::new();
    bench.settings.publish_every = Duration::from_millis(500);
    let log = bench.start();
    assert!(eventually(|| bench.log().join("checkpoint").exists()));
    std::thread::sleep(Duration::from_millis(600));
    let started = std::time::Instant::now();
    record(&log, entry(&bench, 0));
    assert!(eventually(|| log.published() == 1));
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
    record(&log, entry(&bench, 1));
    assert!(eventually(|| log.published() == 2));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn what_is_not_ones_own_or_not_there_is_not_found() {
    let bench = Bench::new();
    let log = bench.start();
    let made = bench.clock.now();
    let id = |n| entry_at(made, "bank", n).id;
    record(&log, entry(&bench, 0));
    record(&log, Entry { institution: None, kind: Kind::Catalogue, ..entry(&bench, 1) });
    assert!(log.drain(Duration::from_secs(10)));
    assert!(matches!(log.receipt(id(0), "housing"), Err(LookupError::NotFound)));
    assert!(matches!(log.receipt(id(1), "bank"), Err(LookupError::NotFound)));
    // A fresh id that nobody has is as absent as an old one, as one from the future and as other versions.
    let unknown = id(77);
    assert!(matches!(log.receipt(unknown, "bank"), Err(LookupError::NotFound)));
    bench.clock.pass(Duration::from_secs(11));
    assert!(matches!(log.receipt(unknown, "bank"), Err(LookupError::NotFound)));
    let future = entry_at(bench.clock.now() + SignedDuration::from_secs(11), "bank", 78).id;
    assert!(matches!(log.receipt(future, "bank"), Err(LookupError::NotFound)));
    for id in [uuid::Uuid::nil(), entry_at(Timestamp::MAX, "bank", 79).id] {
        assert!(matches!(log.receipt(id, "bank"), Err(LookupError::NotFound)));
    }
    assert_eq!(log.receipt(id(0), "bank").unwrap().index, 0);
}

#[test]
fn what_is_recorded_and_not_published_yet_is_promised_to_its_own_institution_alone() {
    let mut bench = Bench::new();
    bench.settings.publish_every = Duration::from_secs(600);
    let log = bench.start();
    record(&log, entry(&bench, 0));
    assert!(eventually(|| log.published() == 1));
    record(&log, entry(&bench, 1));
    let id = entry(&bench, 1).id;
    assert!(matches!(log.receipt(id, "bank"), Err(LookupError::NotYet)));
    assert!(matches!(log.receipt(id, "housing"), Err(LookupError::NotFound)));
    assert!(matches!(log.receipt(entry(&bench, 2).id, "bank"), Err(LookupError::NotFound)));
}

#[test]
fn a_second_search_for_what_nobody_has_reads_no_bundle_again() {
    let bench = Bench::new();
    let log = bench.start();
    let made = bench.clock.now();
    bench.clock.pass(Duration::from_secs(1));
    let recorded = record_many(&log, &bench, 1, 2_001);
    assert!(log.drain(Duration::from_secs(10)));
    let absent = |n| {
        let id = entry_at(made, "bank", n).id;
        matches!(log.receipt(id, "bank"), Err(LookupError::NotFound))
    };
    assert!(absent(10_000));
    // Were a full one read again, the log would be unreadable.
    for bundle in 0..7 {
        std::fs::remove_file(bench.log().join(format!("tile/entries/00{bundle}"))).unwrap();
    }
    assert!(absent(10_001));
    let there = crate::leaf::peek(&recorded[1_500].leaf).unwrap().id;
    assert!(matches!(log.receipt(there, "bank"), Err(LookupError::Unreadable(_))));
}

#[test]
fn the_search_looks_a_little_before_the_ids_time_and_a_minute_after_it() {
    let bench = Bench::new();
    let log = bench.start();
    let many = |from: u64| drop(record_many(&log, &bench, from, from + 600));
    many(0);
    // Made a little before the clock was set back, recorded after it.
    let ahead = entry_at(bench.clock.now() + SignedDuration::from_millis(1500), "bank", 10_000);
    let index = record(&log, ahead.clone()).index;
    bench.clock.pass(Duration::from_secs(1));
    many(20_000);
    // Made more than a minute before it is recorded: no query lives so long.
    let late = entry(&bench, 30_000);
    bench.clock.pass(Duration::from_secs(30));
    many(40_000);
    bench.clock.pass(Duration::from_secs(31));
    many(50_000);
    drop(record(&log, late.clone()));
    assert!(log.drain(Duration::from_secs(10)));
    assert_eq!(log.receipt(ahead.id, "bank").unwrap().index, index);
    assert!(matches!(log.receipt(late.id, "bank"), Err(LookupError::NotFound)));
}

#[test]
fn every_leaf_is_found_by_its_id_and_its_proof_holds() {
    let bench = Bench::new();
    let log = bench.start();
    let mut recorded = Vec::new();
    // Bursts within one microsecond, pauses, ids made up to 50 seconds before they are recorded, clock corrections.
    for (n, (count, pause_ms)) in [(1, 3), (700, 0), (5, 70_000), (600, 9), (3, 600_000), (300, 1)].iter().enumerate() {
        let entries: Vec<_> = (0..*count).map(|k| entry(&bench, (n as u64) << 32 | k)).collect();
        bench.clock.pass(Duration::from_secs(if n == 3 { 50 } else { 0 }));
        if n == 4 {
            bench.clock.step(SignedDuration::from_secs(-1));
        }
        assert!(eventually(|| log.recordable()));
        let tickets: Vec<_> =
            entries.iter().map(|entry| (entry.id, log.submit(entry.clone(), false, || true).unwrap())).collect();
        recorded.extend(tickets.into_iter().map(|(id, ticket)| (id, ticket.wait().unwrap())));
        bench.clock.pass(Duration::from_millis(*pause_ms));
    }
    assert!(log.drain(Duration::from_secs(10)));
    for (id, durable) in recorded.iter().filter(|(_, durable)| durable.index % 7 == 0 || durable.index > 1300) {
        let found = log.receipt(*id, "bank").unwrap();
        assert_eq!((found.index, &found.leaf[..]), (durable.index, &durable.leaf[..]));
        let proof = Proof::parse(&found.proof).unwrap();
        assert_eq!(proof.index, durable.index);
        assert_eq!(proof.verify(&durable.leaf_hash, &key()).unwrap().size, recorded.len() as u64);
    }
    // Also from the files alone, after a restart.
    log.close();
    let log = bench.start();
    let (id, durable) = &recorded[700];
    assert_eq!(log.receipt(*id, "bank").unwrap().index, durable.index);
}
