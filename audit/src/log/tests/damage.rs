//! What a log refuses to open on, and what it mends.

use super::*;
use crate::log::disk::failure::Step;
use crate::log::wal::frame::{TRAILER_LEN, Trailer};
use crate::log::wal::segment::{Found, Segment};

/// Four leaves in batches of one, of which only the first is signed; the folder as a crash leaves it.
fn unsigned_tail() -> (Bench, Vec<Durable>) {
    let mut bench = Bench::new();
    bench.settings.publish_every = Duration::from_secs(3600);
    let log = bench.start();
    let mut recorded = vec![record(&log, entry(&bench, 0))];
    assert!(eventually(|| log.published() == 1));
    recorded.extend((1..4).map(|n| record(&log, entry(&bench, n))));
    let crashed = bench.settings.dir.with_extension("crashed");
    crash::copy(&bench.settings, &crashed);
    log.close();
    bench.settings.rollback_guard = crashed.join("wal").join("second-place");
    bench.settings.dir = crashed;
    (bench, recorded)
}

/// Where the batches of a segment begin, and where the last ends.
fn batches(path: &Path) -> (PathBuf, Vec<usize>) {
    let named = segment::list(path.parent().unwrap()).unwrap().into_iter().find(|named| named.path == path).unwrap();
    let mut segment = Segment::open(&named, ORIGIN).unwrap();
    let mut bounds = vec![segment.at() as usize];
    while let Found::Batch(batch) = segment.next_batch().unwrap() {
        bounds.push(batch.end as usize);
    }
    (named.path, bounds)
}

fn refusal(bench: &Bench) -> RecoverError {
    match bench.recover() {
        Ok(recovered) => panic!("opened at size {}", recovered.size()),
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with(|c: char| c.is_lowercase() || c == '`') && !text.ends_with('.'), "{text}");
            error
        }
    }
}

#[test]
fn a_torn_last_batch_is_cut_off_wherever_it_is_torn() {
    let (bench, recorded) = unsigned_tail();
    let (path, bounds) = batches(&bench.segments()[0]);
    let whole = fs::read(&path).unwrap();
    let (from, to) = (bounds[3], bounds[4]);
    let before: Vec<_> = recorded[..3].iter().map(|durable| durable.leaf_hash).collect();
    for at in from..to {
        // Its beginning reached the disk, or its end, or all but one byte.
        let mut beginning = whole.clone();
        beginning[at..to].fill(0);
        let mut ending = whole.clone();
        ending[from..=at].fill(0);
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        let ways = [("beginning", beginning), ("ending", ending), ("flipped", flipped)];
        // The first way everywhere, the others here and there: each costs an opening.
        for (how, torn) in ways.into_iter().take(if at % 7 == 0 || at > to - 8 { 3 } else { 1 }) {
            fs::write(&path, &torn).unwrap();
            // The last four bytes of a trailer are padding.
            let kept = torn == whole || at >= to - 4 && how != "ending";
            let recovered = bench.recover().unwrap();
            assert_eq!(recovered.size(), if kept { 4 } else { 3 }, "{how} at {at}");
            drop(recovered);
            if !kept {
                assert!(fs::read(&path).unwrap()[from..].iter().all(|byte| *byte == 0), "{how} at {at}");
            }
        }
    }
    // And writing goes on where it was cut.
    fs::write(&path, &whole[..from + 9]).unwrap();
    let recovered = bench.recover().unwrap();
    assert_eq!(leaf_hashes(&recovered), before);
    let log = start(recovered);
    let next = record(&log, entry(&bench, 9));
    log.close();
    assert_eq!(next.index, 3);
    assert_eq!(bench.recover().unwrap().root(), root_of(&[&before[..], &[next.leaf_hash]].concat()));
}

#[test]
fn a_changed_bit_before_a_later_batch_is_refused() {
    let (bench, _) = unsigned_tail();
    let (path, bounds) = batches(&bench.segments()[0]);
    let whole = fs::read(&path).unwrap();
    for at in (bounds[0]..bounds[3]).filter(|at| !bounds.iter().any(|end| (end - 4..*end).contains(at))) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        match refusal(&bench) {
            RecoverError::Damaged { segment, offset, .. } => {
                let batch = bounds.iter().rposition(|start| *start <= at).unwrap();
                assert_eq!((segment, offset), (path.clone(), bounds[batch] as u64), "byte {at}");
            }
            other => panic!("byte {at}: {other}"),
        }
        assert_eq!(fs::read(&path).unwrap(), bytes, "a refused log is not touched");
    }
    // A whole batch overwritten with zeros is no end of the log either.
    let mut bytes = whole.clone();
    bytes[bounds[1]..bounds[2]].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Damaged { .. }));
    fs::write(&path, &whole).unwrap();
    assert_eq!(bench.recover().unwrap().size(), 4);
}

#[test]
fn a_trailer_that_is_wrong_though_its_checksum_holds_is_refused() {
    let (bench, _) = unsigned_tail();
    let (path, bounds) = batches(&bench.segments()[0]);
    let whole = fs::read(&path).unwrap();
    let change = |batch: usize, change: &dyn Fn(&mut Trailer)| {
        let place = bounds[batch + 1] - TRAILER_LEN..bounds[batch + 1];
        let mut bytes = whole.clone();
        let mut trailer = Trailer::decode(&bytes[place.clone()]).unwrap();
        change(&mut trailer);
        bytes[place].copy_from_slice(&trailer.encode());
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refusal(&bench), RecoverError::Damaged { offset, .. } if offset == bounds[batch] as u64));
    };
    for batch in 0..4 {
        change(batch, &|trailer| trailer.root = [1; 32]);
    }
    // The last one would be a torn batch, which nobody was told of.
    for batch in 0..3 {
        change(batch, &|trailer| trailer.size += 1);
        change(batch, &|trailer| trailer.count += 1);
        change(batch, &|trailer| trailer.frames_len -= 1);
    }
}

#[test]
fn a_changed_header_is_refused() {
    let bench = Bench::new();
    filled(&bench, 3);
    let path = bench.segments().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Damaged { offset: 0, .. }));
}

/// Many segments, and more leaves in the last published bundle's past than one segment has.
fn many_segments() -> Bench {
    let bench = Bench::new();
    let log = bench.start();
    let tickets: Vec<_> = (0..600)
        .map(|n| {
            let tail = format!(r#","operator":"{}""#, "x".repeat(3_000)).into_bytes();
            log.submit(Entry { tail, ..entry(&bench, n) }, false, || true).unwrap()
        })
        .collect();
    tickets.into_iter().for_each(|ticket| drop(ticket.wait().unwrap()));
    log.close();
    assert!(bench.segments().len() >= 6);
    bench
}

#[test]
fn a_missing_segment_is_refused_wherever_it_was() {
    let bench = many_segments();
    let segments = bench.segments();
    for (place, path) in segments.iter().enumerate() {
        let hidden = path.with_extension("hidden");
        fs::rename(path, &hidden).unwrap();
        match refusal(&bench) {
            RecoverError::Gap { before, .. } => assert_eq!(before, segments[place + 1]),
            RecoverError::Short { .. } => assert_eq!(place + 1, segments.len()),
            other => panic!("{other}"),
        }
        fs::rename(&hidden, path).unwrap();
    }
    assert_eq!(bench.recover().unwrap().size(), 600);
}

#[test]
fn damage_in_a_segment_before_the_last_is_refused_when_it_is_read() {
    // Without tiles everything is read again.
    let bench = many_segments();
    fs::remove_dir_all(bench.log().join("tile")).unwrap();
    let (path, bounds) = batches(&bench.segments()[1]);
    let whole = fs::read(&path).unwrap();
    let end = bounds[bounds.len() - 1];
    for at in [bounds[0], end / 2, end - 20] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(matches!(refusal(&bench), RecoverError::Damaged { segment, .. } if segment == path), "byte {at}");
    }
    // Its last batch cut off cleanly: the next segment begins too late.
    let mut bytes = whole.clone();
    bytes[bounds[bounds.len() - 2]..].fill(0);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Damaged { segment, .. } if segment == path));
    fs::write(&path, whole).unwrap();
    assert_eq!(bench.recover().unwrap().size(), 600);
}

#[test]
fn a_log_shorter_than_what_was_signed_is_refused() {
    let bench = Bench::new();
    filled(&bench, 5);
    let (path, bounds) = batches(&bench.segments()[0]);
    let whole = fs::read(&path).unwrap();
    let short = |bench: &Bench, have| match refusal(bench) {
        RecoverError::Short { have: found, signed, witness } => {
            assert_eq!((found, signed, witness), (have, 5, bench.settings.rollback_guard.clone()));
        }
        other => panic!("{other}"),
    };
    for batch in 0..5 {
        // Cut by zeros, and cut by length.
        let mut zeroed = whole.clone();
        zeroed[bounds[batch]..].fill(0);
        fs::write(&path, zeroed).unwrap();
        short(&bench, batch as u64);
        fs::write(&path, &whole[..bounds[batch]]).unwrap();
        short(&bench, batch as u64);
    }
    fs::remove_file(&path).unwrap();
    short(&bench, 0);
}

#[test]
fn a_long_log_shorter_than_its_tiles_is_refused() {
    // The published tiles alone would lead to the signed root.
    let bench = Bench::new();
    let log = bench.start();
    for n in 0..4 {
        drop(published::record_many(&log, &bench, n * 128, (n + 1) * 128));
    }
    log.close();
    let (path, bounds) = batches(&bench.segments()[0]);
    let whole = fs::read(&path).unwrap();
    for batch in [0, 1, bounds.len() - 2] {
        fs::write(&path, &whole[..bounds[batch]]).unwrap();
        assert!(matches!(refusal(&bench), RecoverError::Short { signed: 512, .. }), "cut after batch {batch}");
    }
    fs::write(&path, whole).unwrap();
    assert_eq!(bench.recover().unwrap().size(), 512);
}

#[test]
fn the_folder_of_a_rollback_guard_elsewhere_is_never_made() {
    let mut bench = Bench::new();
    let missing = bench.settings.dir.with_extension("not-mounted");
    bench.settings.rollback_guard = missing.join("second-place");
    assert!(matches!(refusal(&bench), RecoverError::Io { path, .. } if path == bench.settings.rollback_guard));
    assert!(!missing.exists());
}

#[test]
fn a_rolled_back_folder_is_noticed_by_a_rollback_guard_elsewhere() {
    let mut bench = Bench::new();
    let elsewhere = temp_dir();
    bench.settings.rollback_guard = elsewhere.path().join("second-place");
    filled(&bench, 3);
    let backup = bench.settings.dir.with_extension("backup");
    crash::copy(&bench.settings, &backup);
    let log = bench.start();
    record(&log, entry(&bench, 3));
    log.close();
    bench.settings.dir = backup;
    assert!(matches!(refusal(&bench), RecoverError::Short { have: 3, signed: 4, .. }));
}

#[test]
fn other_roots_than_those_signed_are_refused() {
    // Two logs of one origin that differ in one leaf.
    let (bench, other) = (Bench::new(), Bench::new());
    filled(&bench, 300);
    other.clock.pass(Duration::from_secs(1));
    filled(&other, 300);
    let swap = |name: &str| {
        let (mine, theirs) = (bench.settings.dir.join(name), other.settings.dir.join(name));
        let content = fs::read(&mine).unwrap();
        fs::copy(theirs, &mine).unwrap();
        (mine, content)
    };
    for name in ["wal/second-place", "log/checkpoint"] {
        let (path, content) = swap(name);
        match refusal(&bench) {
            RecoverError::OtherRoot { size: 300, witness } => assert_eq!(witness, path),
            error => panic!("{error}"),
        }
        fs::write(path, content).unwrap();
    }
    // A write-ahead log that was replaced whole contradicts both.
    let segment = bench.segments().remove(0);
    fs::copy(other.segments().remove(0), segment).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::OtherRoot { size: 300, .. }));
}

#[test]
fn a_refused_log_keeps_the_tiles_that_were_right() {
    let (bench, other) = (Bench::new(), Bench::new());
    other.clock.pass(Duration::from_secs(1));
    for bench in [&bench, &other] {
        let log = bench.start();
        drop(published::record_many(&log, bench, 0, 20_000));
        log.close();
    }
    // A write-ahead log that was rewritten with right checksums and roots, of other records.
    for (mine, theirs) in bench.segments().iter().zip(other.segments()) {
        fs::copy(theirs, mine).unwrap();
    }
    // Batches fall otherwise each time; where a segment begins elsewhere than before, that is what is noticed first.
    match refusal(&bench) {
        RecoverError::OtherRoot { .. } | RecoverError::Damaged { .. } | RecoverError::Gap { .. } => {}
        error => panic!("{error}"),
    }
    drop(crate::verify::directory(&bench.log(), &key(), &[], &mut ()).unwrap());
}

#[test]
fn a_rollback_guard_that_is_missing_damaged_or_behind_is_refused() {
    let bench = Bench::new();
    filled(&bench, 3);
    let path = &bench.settings.rollback_guard;
    let old = fs::read(path).unwrap();
    let log = bench.start();
    record(&log, entry(&bench, 3));
    record(&log, entry(&bench, 4));
    log.close();
    let new = fs::read(path).unwrap();
    fs::write(path, old).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::RollbackGuardBehind { remembered: 3, published: 5, .. }));
    fs::write(path, [1; 8192]).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::RollbackGuardDamaged(_)));
    fs::remove_file(path).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::RollbackGuardMissing(_)));
    fs::write(path, new).unwrap();
    assert_eq!(bench.recover().unwrap().size(), 5);
}

#[test]
fn another_origin_another_process_and_another_key_are_refused() {
    let mut bench = Bench::new();
    filled(&bench, 3);
    bench.settings.origin = "log.example/2026/r2".to_owned();
    assert!(matches!(refusal(&bench), RecoverError::OtherOrigin { .. }));
    bench.settings.origin = ORIGIN.to_owned();
    let open = bench.recover().unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Locked(_)));
    let other = open.start(Box::new(TestSigner::new(8)), HashMap::new());
    assert!(matches!(other.err(), Some(StartError::OtherKey(_))));
    // Nor when the key's file is gone: the checkpoint is signed by the right one.
    fs::remove_file(bench.log().join("log.vkey")).unwrap();
    let other = bench.recover().unwrap().start(Box::new(TestSigner::new(8)), HashMap::new());
    assert!(matches!(other.err(), Some(StartError::OtherKey(_))));
    drop(bench.start());
    assert_eq!(fs::read_to_string(bench.log().join("log.vkey")).unwrap(), format!("{}\n", key()));
}

#[test]
fn a_published_tree_far_behind_the_log_is_made_anew_whole() {
    // The publisher hangs while this is 1.
    let hangs = Arc::new(AtomicU64::new(0));
    let asked = Arc::clone(&hangs);
    let mut bench = Bench::probed(move |step| {
        while step == Step::PutTiles && asked.load(Ordering::SeqCst) == 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    let log = bench.start();
    let mut hashes = Vec::new();
    hashes.extend(published::record_many(&log, &bench, 0, 300).iter().map(|leaf| leaf.leaf_hash));
    assert!(log.drain(Duration::from_secs(10)));
    hangs.store(1, Ordering::SeqCst);
    hashes.extend(published::record_many(&log, &bench, 300, 17_000).iter().map(|leaf| leaf.leaf_hash));
    let crashed = bench.settings.dir.with_extension("crashed");
    crash::copy(&bench.settings, &crashed);
    hangs.store(0, Ordering::SeqCst);
    log.close();
    bench.settings.rollback_guard = crashed.join("wal").join("second-place");
    bench.settings.dir = crashed;
    fs::remove_dir_all(bench.log().join("tile")).unwrap();
    drop(bench.recover().unwrap());
    let report = crate::verify::directory(&bench.log(), &key(), &[], &mut ()).unwrap();
    assert_eq!(report.checkpoint.size, 300);
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    published::assert_published(&bench.log(), &hashes);
}

#[test]
fn a_damaged_checkpoint_is_refused_and_made_anew_once_removed() {
    let bench = Bench::new();
    filled(&bench, 3);
    let path = bench.log().join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    fs::write(&path, note.replace("\n3\n", "\n2\n")).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Checkpoint { .. }));
    fs::remove_file(&path).unwrap();
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    assert_eq!(fs::read_to_string(&path).unwrap(), note);
}

#[test]
fn a_damaged_verifier_key_is_refused_by_its_own_name_and_written_again_once_removed() {
    let bench = Bench::new();
    filled(&bench, 3);
    let path = bench.log().join("log.vkey");
    let line = fs::read_to_string(&path).unwrap();
    fs::write(&path, "no key\n").unwrap();
    let refused = refusal(&bench);
    assert!(matches!(&refused, RecoverError::VerifierKey { path: named, .. } if *named == path), "{refused}");
    fs::remove_file(&path).unwrap();
    drop(bench.start());
    assert_eq!(fs::read_to_string(&path).unwrap(), line);
}

#[test]
fn an_empty_folder_starts_an_empty_log_and_can_be_left_at_once() {
    let bench = Bench::new();
    let recovered = bench.recover().unwrap();
    assert_eq!((recovered.size(), recovered.root(), recovered.last_at()), (0, merkle::empty_root(), None));
    drop(recovered);
    let log = bench.start();
    log.close();
    log.close();
    assert!(fs::read_to_string(bench.log().join("checkpoint")).unwrap().starts_with(&format!("{ORIGIN}\n0\n")));
    assert_eq!(bench.recover().unwrap().size(), 0);
}

/// Spoils a file in each way; what is done about it is asked of `scrub`.
fn each_loss(file: &Path, mut scrub: impl FnMut(&Path)) {
    let good = fs::read(file).unwrap();
    let mut rotten = good.clone();
    *rotten.last_mut().unwrap() ^= 1;
    for lost in [Some(rotten), Some(good[..good.len() - 1].to_vec()), Some(Vec::new()), None] {
        match &lost {
            Some(rotten) => fs::write(file, rotten).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
        scrub(file);
    }
    fs::write(file, good).unwrap();
}

#[test]
fn a_published_file_that_rots_while_the_log_runs_is_made_again() {
    let bench = Bench::new();
    assert_eq!(bench.start().scrub(7).unwrap(), Scrubbed { next: 0, restored: Vec::new() }, "nothing is there yet");
    drop(filled(&bench, 600));
    let log = bench.start();
    for (bundle, next) in [(0, 1), (1, 0), (5, 0)] {
        assert_eq!(log.scrub(bundle).unwrap(), Scrubbed { next, restored: Vec::new() });
    }
    for name in ["tile/entries/001", "tile/0/001", "tile/1/000.p/2"] {
        let good = fs::read(bench.log().join(name)).unwrap();
        each_loss(&bench.log().join(name), |file| {
            let scrubbed = log.scrub(1).unwrap();
            assert_eq!(scrubbed, Scrubbed { next: 0, restored: vec![file.to_owned()] });
            assert_eq!(fs::read(file).unwrap(), good, "{name}");
        });
    }
    // All of them at once: the write-ahead log has the records, and the other bundle's hashes are right.
    for name in ["tile/entries/001", "tile/0/001", "tile/1/000.p/2"] {
        fs::remove_file(bench.log().join(name)).unwrap();
    }
    assert_eq!(log.scrub(1).unwrap().restored.len(), 3);
    assert_eq!(log.metrics().restored, 15);
    log.close();
    drop(crate::verify::directory(&bench.log(), &key(), &[], &mut ()).unwrap());
}

#[test]
fn a_bundle_that_nothing_else_has_is_reported_and_nothing_is_written_in_its_place() {
    let bench = many_segments();
    let log = bench.start();
    assert!(log.release_segments(600).unwrap().segments >= 3);
    each_loss(&bench.log().join("tile/entries/000"), |file| {
        let there = fs::read(file).ok();
        let error = log.scrub(0).map_err(|error| error.to_string()).unwrap_err();
        assert!(error.contains("damaged") && error.contains("tile/entries/000"), "{error}");
        assert_eq!(fs::read(file).ok(), there);
    });
    // Its hashes are made of it.
    for name in ["tile/0/000", "tile/1/000.p/2"] {
        each_loss(&bench.log().join(name), |file| {
            // What rots in a tile above is noticed with the bundle that it concerns.
            let restored = [0, 1].map(|bundle| log.scrub(bundle).unwrap().restored).concat();
            assert_eq!(restored, [file], "{name}");
        });
    }
    assert_eq!(log.scrub(0).unwrap(), Scrubbed { next: 1, restored: Vec::new() });
    log.close();
}
