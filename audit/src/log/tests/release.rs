//! Segments that were released: what must be kept, what a crash leaves, and what is noticed when bundles are lost.

use super::wal::lower_edge::LowerEdge;
use super::*;
use crate::tile;

/// A log of many segments, drained: 600 leaves of 3 kB.
fn many(bench: &Bench, log: &Log) -> Vec<Hash> {
    let tickets: Vec<_> = (0..600).map(|n| log.submit(long(bench, n), false, || true).unwrap()).collect();
    let hashes = tickets.into_iter().map(|ticket| ticket.wait().unwrap().leaf_hash).collect();
    assert!(log.drain(Duration::from_secs(20)));
    hashes
}

pub(super) fn long(bench: &Bench, n: u64) -> Entry {
    let tail = format!(r#","operator":"{}""#, "x".repeat(3_000)).into_bytes();
    Entry { tail, ..entry(bench, n) }
}

/// A closed log of which segments were released.
fn released() -> (Bench, Vec<Hash>) {
    let bench = Bench::new();
    let log = bench.start();
    let hashes = many(&bench, &log);
    assert!(log.release_segments(600).unwrap().segments >= 3);
    log.close();
    (bench, hashes)
}

fn first_leaf(path: &Path) -> u64 {
    u64::from_str_radix(path.file_stem().unwrap().to_str().unwrap(), 16).unwrap()
}

fn refusal(bench: &Bench) -> RecoverError {
    bench.recover().err().expect("a refusal")
}

#[test]
fn nothing_that_is_not_covered_or_not_published_is_released() {
    let hangs = Arc::new(AtomicU64::new(0));
    let asked = Arc::clone(&hangs);
    let bench = Bench::probed(move |step| {
        while step == Step::PutTiles && asked.load(Ordering::SeqCst) == 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    let log = bench.start();
    record(&log, long(&bench, 0));
    assert!(log.drain(Duration::from_secs(10)));
    hangs.store(1, Ordering::SeqCst);
    let tickets: Vec<_> = (1..600).map(|n| log.submit(long(&bench, n), false, || true).unwrap()).collect();
    tickets.into_iter().for_each(|ticket| drop(ticket.wait().unwrap()));
    let before = bench.segments();
    // Covered, but not published.
    assert_eq!(log.release_segments(600).unwrap(), Released::default());
    hangs.store(0, Ordering::SeqCst);
    assert!(log.drain(Duration::from_secs(20)));
    // Published, but not covered: the segment with the first leaf that is not covered stays.
    assert_eq!(log.release_segments(0).unwrap(), Released::default());
    let second = first_leaf(&before[1]);
    assert_eq!(log.release_segments(second - 1).unwrap(), Released::default());
    assert_eq!(bench.segments(), before);
    let one = log.release_segments(second).unwrap();
    assert_eq!((one.segments, one.bytes), (1, 256 << 10));
    assert_eq!(bench.segments(), before[1..]);
    // All covered: what the next start reads stays, from the leaf before the last full bundle's end.
    assert!(log.release_segments(u64::MAX).unwrap().segments >= 2);
    let kept = bench.segments();
    assert!(first_leaf(&kept[0]) < 512 && first_leaf(&kept[1]) >= 512, "{kept:?}");
    log.close();
    assert_eq!(log.release_segments(u64::MAX).unwrap(), Released::default());
}

#[test]
fn the_rest_starts_goes_on_and_gives_every_leaf() {
    let (bench, mut hashes) = released();
    for round in 0..3u64 {
        let recovered = bench.recover().unwrap();
        assert_eq!((recovered.size(), recovered.root()), (hashes.len() as u64, root_of(&hashes)));
        assert_eq!(leaf_hashes(&recovered), hashes);
        for from in [1, 255, 256, 300, 511, 512, 599] {
            let leaves: Vec<_> = recovered.leaves(from).map(Result::unwrap).collect();
            assert_eq!(leaves[0].0, from);
            let read: Vec<_> = leaves.iter().map(|(_, leaf)| merkle::leaf_hash(leaf)).collect();
            assert_eq!(read, hashes[from as usize..], "from {from}");
        }
        let numbers = HashMap::from([("bank".to_owned(), hashes.len() as u64)]);
        let log = recovered.start(Box::new(TestSigner::new(7)), numbers).unwrap();
        let tickets: Vec<_> =
            (0..300).map(|n| log.submit(long(&bench, (round + 1) << 20 | n), false, || true).unwrap()).collect();
        hashes.extend(tickets.into_iter().map(|ticket| ticket.wait().unwrap().leaf_hash));
        assert!(log.drain(Duration::from_secs(20)));
        assert!(log.release_segments(log.size()).unwrap().segments >= 2);
        log.close();
        published::assert_published(&bench.log(), &hashes);
        let report = crate::verify::directory(&bench.log(), &key(), &[], &mut ()).unwrap();
        assert_eq!(report.checkpoint.size, hashes.len() as u64);
    }
}

#[test]
fn a_crash_at_any_step_of_a_release_leaves_a_log_with_every_leaf() {
    let copies = Arc::new(Mutex::new((None::<Settings>, Vec::new())));
    let of_probe = Arc::clone(&copies);
    let bench = Bench::probed(move |step| {
        let (settings, made) = &mut *of_probe.lock().unwrap();
        if let Some(settings) = settings
            && matches!(step, Step::Release | Step::RemoveSegment)
        {
            let to = settings.dir.with_extension(format!("copy-{}", made.len()));
            crash::copy(settings, &to);
            made.push((to, step));
        }
        Ok(())
    });
    copies.lock().unwrap().0 = Some(bench.settings.clone());
    let log = bench.start();
    let hashes = many(&bench, &log);
    // Twice, so that there is an edge before the second.
    let second = first_leaf(&bench.segments()[1]);
    assert_eq!(log.release_segments(second).unwrap().segments, 1);
    assert!(log.release_segments(600).unwrap().segments >= 3);
    log.close();
    let made = std::mem::take(&mut copies.lock().unwrap().1);
    assert!(made.iter().filter(|(_, step)| *step == Step::Release).count() == 2 && made.len() >= 6);
    for (dir, step) in made {
        let mut copied = Bench::new();
        copied.settings.rollback_guard = dir.join("wal").join("second-place");
        copied.settings.dir = dir;
        let recovered = copied.recover().unwrap_or_else(|error| panic!("before {step:?}: {error}"));
        assert_eq!(leaf_hashes(&recovered), hashes, "before {step:?}");
        let edge = LowerEdge::read(&copied.wal(), ORIGIN).unwrap();
        assert_eq!(first_leaf(&copied.segments()[0]), edge.first, "what an interrupted release left is removed");
        let log = start(recovered);
        assert_eq!(record(&log, entry(&copied, 999)).index, 600);
        log.release_segments(600).unwrap();
        log.close();
        assert_eq!(copied.recover().unwrap().leaves(0).count(), 601);
        assert!(first_leaf(&copied.segments()[0]) > second);
    }
}

#[test]
fn a_release_that_fails_keeps_the_log_going_and_is_made_up_for() {
    for failing in [Step::Release, Step::RemoveSegment] {
        let fails = Arc::new(AtomicU64::new(0));
        let asked = Arc::clone(&fails);
        let bench = Bench::probed(move |step| {
            if step == failing && asked.load(Ordering::SeqCst) == 1 {
                return Err(std::io::Error::other("read-only"));
            }
            Ok(())
        });
        let log = bench.start();
        let mut hashes = many(&bench, &log);
        fails.store(1, Ordering::SeqCst);
        assert!(matches!(log.release_segments(600), Err(ReleaseError::Io { .. })), "{failing:?}");
        hashes.push(record(&log, entry(&bench, 1 << 30)).leaf_hash);
        fails.store(0, Ordering::SeqCst);
        assert!(log.release_segments(600).unwrap().segments >= 3);
        log.close();
        assert_eq!(leaf_hashes(&bench.recover().unwrap()), hashes);
    }
}

#[test]
fn segments_stay_while_a_bundle_does_not_hold_their_leaves() {
    let bench = Bench::new();
    let log = bench.start();
    many(&bench, &log);
    let before = bench.segments();
    let path = bench.log().join(tile::entries_path(0, 256));
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[500] ^= 1;
    fs::write(&path, changed).unwrap();
    assert!(matches!(log.release_segments(600), Err(ReleaseError::Unlike { index: 0, .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(log.release_segments(600), Err(ReleaseError::Unreadable(RecoverError::Bundle { .. }))));
    assert_eq!(bench.segments(), before);
    // What the error says helps, and goes on helping once the bundle is in part below the edge.
    let rebuild = |released: u64| {
        for level in ["0", "1"] {
            fs::remove_dir_all(bench.log().join("tile").join(level)).unwrap();
        }
        let log = bench.start();
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert_eq!(log.release_segments(released).unwrap().segments, 1);
        log
    };
    log.close();
    let log = rebuild(first_leaf(&before[1]));
    log.close();
    let mut changed = whole.clone();
    let last = changed.len() - 2;
    changed[last] ^= 1;
    fs::write(&path, changed).unwrap();
    let log = bench.start();
    assert!(matches!(log.release_segments(600), Err(ReleaseError::Unlike { index: 255, .. })));
    log.close();
    rebuild(first_leaf(&before[2])).close();
}

#[test]
fn a_bundle_lost_below_the_edge_is_refused_and_a_changed_one_when_it_is_read() {
    let (bench, hashes) = released();
    let path = bench.log().join(tile::entries_path(0, 256));
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Bundle { path: lost, .. } if lost == path));
    for at in [1, 500, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let recovered = bench.recover().unwrap();
        let error = recovered.leaves(0).find_map(Result::err).expect("an error");
        assert!(matches!(error, RecoverError::Bundle { path: changed, .. } if changed == path), "byte {at}");
    }
    // With its hash tiles changed to fit, the tree above shows it.
    let mut changed = whole.clone();
    changed[500] ^= 1;
    fs::write(&path, &changed).unwrap();
    let leaves = tile::entries(&changed).map(|leaf| merkle::leaf_hash(leaf.unwrap())).collect::<Vec<_>>();
    fs::write(bench.log().join(tile::path(0, 0, 256)), leaves.as_flattened()).unwrap();
    let error = bench.recover().unwrap().leaves(0).find_map(Result::err).expect("an error");
    assert!(matches!(error, RecoverError::Bundle { .. }));
    // And where all hash tiles are gone, the write-ahead log that is left does.
    for level in ["0", "1"] {
        fs::remove_dir_all(bench.log().join("tile").join(level)).unwrap();
    }
    assert!(matches!(refusal(&bench), RecoverError::Damaged { .. }));
    fs::write(&path, whole).unwrap();
    assert_eq!(leaf_hashes(&bench.recover().unwrap()), hashes);
    published::assert_published(&bench.log(), &hashes);
}

#[test]
fn hash_tiles_are_made_anew_from_bundles() {
    let (bench, hashes) = released();
    for lost in ["0/000", "1/000.p/2", "0", "1"] {
        let path = bench.log().join("tile").join(lost);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        drop(bench.recover().unwrap());
        published::assert_published(&bench.log(), &hashes);
    }
    // A checkpoint that was removed is signed again.
    fs::remove_file(bench.log().join("checkpoint")).unwrap();
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    log.close();
    published::assert_published(&bench.log(), &hashes);
}

#[test]
fn a_kept_segment_or_the_edge_that_is_lost_is_refused() {
    let (bench, _) = released();
    let segments = bench.segments();
    for path in &segments {
        let hidden = path.with_extension("hidden");
        fs::rename(path, &hidden).unwrap();
        assert!(matches!(refusal(&bench), RecoverError::Gap { .. } | RecoverError::Short { .. }));
        fs::rename(&hidden, path).unwrap();
    }
    let edge = bench.wal().join("released");
    let whole = fs::read(&edge).unwrap();
    for at in 0..60 {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&edge, changed).unwrap();
        assert!(matches!(refusal(&bench), RecoverError::Damaged { segment, .. } if segment == edge), "byte {at}");
    }
    fs::remove_file(&edge).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::Gap { from: 0, .. }));
    fs::write(&edge, whole).unwrap();
    assert_eq!(bench.recover().unwrap().size(), 600);
}

/// Bytes on the disk below a folder.
fn disk_bytes(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { disk_bytes(&entry.path()) } else { metadata.blocks() * 512 }
        })
        .sum()
}

#[test]
fn a_leaf_takes_at_most_55_percent_of_the_disk_that_it_took() {
    let bench = Bench::new();
    let log = bench.start();
    // As large as a must-check query's leaf.
    let tail = format!(r#","operator":"{}""#, "x".repeat(2_150)).into_bytes();
    let tickets: Vec<_> = (0..8_192)
        .map(|n| log.submit(Entry { tail: tail.clone(), ..entry(&bench, n) }, false, || true).unwrap())
        .collect();
    tickets.into_iter().for_each(|ticket| drop(ticket.wait().unwrap()));
    assert!(log.drain(Duration::from_secs(60)));
    let before = disk_bytes(&bench.settings.dir);
    while log.release_segments(log.size()).unwrap().segments > 0 {}
    let after = disk_bytes(&bench.settings.dir);
    log.close();
    assert!(after * 100 <= before * 55, "{before} bytes before, {after} after");
}
