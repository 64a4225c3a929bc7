//! Whole logs in folders: those that hold, and every way in which one does not.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use credit_audit::checkpoint::{Checkpoint, CheckpointError};
use credit_audit::leaf::{Peek, PeekError};
use credit_audit::note::NoteError;
use credit_audit::tile;
use credit_audit::verify::{self, CheckError, Report, Violation, Visitor};

use crate::logs::{Log, ORIGIN, leaf_of};

fn check(log: &Log) -> Result<Report, CheckError> {
    verify::directory(&log.folder, &log.key, &[], &mut ())
}

fn fault(log: &Log) -> Violation {
    match check(log) {
        Err(CheckError::Violation(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The same log with one leaf in another's place.
fn with_leaf(number: u64, from: &str, to: &str) -> Log {
    let mut leaves: Vec<_> = (0..12).map(leaf_of).collect();
    let leaf = &mut leaves[usize::try_from(number).unwrap()];
    let text = String::from_utf8(leaf.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    *leaf = text.replacen(from, to, 1).into_bytes();
    Log::of_leaves(leaves)
}

#[test]
fn every_bit_of_every_file_counts() {
    let log = Log::of_sizes(&[1, 2]);
    let mut paths = log.files();
    // Two sizes: a bundle and a tile of each.
    assert_eq!(paths.len(), 4, "{paths:?}");
    paths.push("checkpoint".to_owned());
    for path in paths {
        let good = log.read(&path);
        // Bundles are long: every byte of them, in one bit or two.
        let step = if path.contains("entries") { 7 } else { 1 };
        for bit in (0..good.len() * 8).step_by(step) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            fs::write(log.folder.join(&path), &bad).unwrap();
            assert!(matches!(check(&log), Err(CheckError::Violation(_))), "{path}, bit {bit}");
        }
        for bad in [&good[1..], &good[..good.len() - 1], &[&good[..], b"\0"].concat(), &[]] {
            fs::write(log.folder.join(&path), bad).unwrap();
            assert!(matches!(check(&log), Err(CheckError::Violation(_))), "{path}, {} bytes", bad.len());
        }
        fs::write(log.folder.join(&path), &good).unwrap();
    }
    check(&log).unwrap();
}

#[test]
fn a_changed_byte_is_found_in_any_file_of_a_larger_log() {
    let log = Log::of_sizes(&[200, 300, 700, 770]);
    let files = log.files();
    assert!(files.contains(&"tile/1/000.p/3".to_owned()) && files.contains(&"tile/1/000.p/1".to_owned()));
    for path in files {
        let good = log.read(&path);
        for place in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            fs::write(log.folder.join(&path), &bad).unwrap();
            assert!(matches!(check(&log), Err(CheckError::Violation(_))), "{path}, byte {place}");
        }
        fs::write(log.folder.join(&path), &good).unwrap();
    }
    assert_eq!(check(&log).unwrap().leaves.unwrap().count, 770);
}

#[test]
fn a_file_that_the_checkpoint_needs_must_be_there() {
    let log = Log::of_sizes(&[100, 300, 600]);
    log.clean_up();
    let needed = [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ];
    for path in needed {
        let good = log.read(path);
        fs::remove_file(log.folder.join(path)).unwrap();
        let found = fault(&log);
        assert!(matches!(found, Violation::Missing { .. } | Violation::Hanging { .. }), "{path}: {found:?}");
        log.write(path, &good);
    }
    // A partial tile of an earlier size is not needed once the full one is there.
    assert!(log.files().contains(&"tile/1/000.p/1".to_owned()));
    fs::remove_file(log.folder.join("tile/1/000.p/1")).unwrap();
    check(&log).unwrap();
}

#[test]
fn what_is_no_tile_does_not_belong_there() {
    let log = Log::of_sizes(&[300]);
    let tile = log.read("tile/0/000");
    for path in [
        "tile/README",
        "tile/0/README",
        "tile/0/000.tmp",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/+0/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/8/0/000",
        "tile/entries/0",
        "tile/data/000",
        "tile/entries/000.gz",
    ] {
        log.write(path, &tile);
        assert_eq!(fault(&log), Violation::Stranger { path: path.to_owned() });
        fs::remove_file(log.folder.join(path)).unwrap();
    }
    for path in ["tile/1/001", "tile/2/000", "tile/63/000", "tile/0/000.p/7", "tile/1/000.p/2", "tile/0/002"] {
        log.write(path, &tile);
        check(&log).unwrap_err();
        fs::remove_file(log.folder.join(path)).unwrap();
    }
    std::os::unix::fs::symlink("000", log.folder.join("tile/0/001")).unwrap();
    assert_eq!(fault(&log), Violation::Stranger { path: "tile/0/001".to_owned() });
    fs::remove_file(log.folder.join("tile/0/001")).unwrap();
    log.write("tile/0/.001.tmp", b"half a ti");
    log.write("tile/.new/000", b"half a ti");
    check(&log).unwrap();
}

#[test]
fn leaves_must_follow_each_other() {
    let mut reopened: Vec<_> = (0..12).map(leaf_of).collect();
    let open = format!(r#""origin":"{ORIGIN}","software":"x""#);
    let text = String::from_utf8(reopened[10].clone()).unwrap().replacen("flood", "open", 1);
    reopened[10] = text.replacen(r#""operator":"staff-3""#, &open, 1).into_bytes();
    let cases = [
        (with_leaf(2, r#""seq":2"#, r#""seq":3"#), "seq"),
        (with_leaf(2, r#""seq":2"#, r#""seq":1"#), "seq"),
        (with_leaf(1, r#""seq":1"#, r#""seq":2"#), "seq"),
        (with_leaf(3, r#""institution":"bank","seq":3"#, r#""institution":"bink","seq":3"#), "seq"),
        (with_leaf(5, r#","institution":"employer","seq":2"#, ""), "anonymous"),
        (with_leaf(5, r#","seq":2"#, ""), "anonymous"),
        (with_leaf(5, ".000185Z", ".000147Z"), "time"),
        (with_leaf(0, "/r1", "/r2"), "place"),
        (with_leaf(4, "query", "open"), "place"),
        (Log::of_leaves(reopened), "place"),
        (with_leaf(4, "query", "seal"), "place"),
        (with_leaf(6, r#""v":1"#, r#""v":2"#), "leaf"),
        (with_leaf(6, "operator", "oper\nator"), "leaf"),
    ];
    for (log, expected) in cases {
        let found = match fault(&log) {
            Violation::Seq { .. } => "seq",
            Violation::Anonymous { .. } => "anonymous",
            Violation::Time { .. } => "time",
            Violation::OutOfPlace { .. } => "place",
            Violation::Leaf { .. } => "leaf",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
    let unknown = with_leaf(10, "flood", "weather-report");
    assert_eq!(check(&unknown).unwrap().leaves.unwrap().kinds["weather-report"], 1);
    check(&with_leaf(5, ".000185Z", ".000148Z")).unwrap();
    let mut long = leaf_of(4);
    long.splice(long.len() - 1..long.len() - 1, format!(r#","y":"{}""#, "y".repeat(16_384)).into_bytes());
    let mut leaves: Vec<_> = (0..5).map(leaf_of).collect();
    leaves[4] = long;
    assert_eq!(fault(&Log::of_leaves(leaves)), Violation::Leaf { index: 4, cause: PeekError::TooLong });
}

#[test]
fn a_log_continues_its_earlier_checkpoints() {
    let before = Log::of_sizes(&[257]);
    let log = Log::of_sizes(&[257, 600]);
    for size in [0, 1, 255, 256, 257, 512, 600] {
        let mut earlier = Log::new();
        earlier.leaves = log.leaves[..size].to_vec();
        let report = verify::directory(&log.folder, &log.key, &[earlier.head()], &mut ()).unwrap();
        assert_eq!(report.earlier, [size as u64]);
        let forked = Checkpoint { root: [1; 32], ..earlier.head() };
        let found = verify::directory(&log.folder, &log.key, &[forked], &mut ()).unwrap_err();
        assert!(matches!(found, CheckError::Violation(Violation::Root { .. })), "{found}");
    }
    let cut = verify::directory(&before.folder, &before.key, &[log.head()], &mut ()).unwrap_err();
    assert!(matches!(cut, CheckError::Violation(Violation::Shortened { size: 257, earlier: 600 })), "{cut}");
}

#[test]
fn a_checkpoint_must_be_this_logs_and_signed() {
    let log = Log::of_sizes(&[5]);
    let other = Checkpoint { origin: "other.example/log".to_owned(), ..log.head() };
    log.write("checkpoint", log.signed(&other).as_bytes());
    assert!(matches!(fault(&log), Violation::Checkpoint(CheckpointError::Origin { .. })));
    let lying = Checkpoint { root: [3; 32], ..log.head() };
    log.write("checkpoint", log.signed(&lying).as_bytes());
    assert_eq!(fault(&log), Violation::Root { size: 5 });
    let text = log.checkpoint().replace("/r1\n5\n", "/r1\n4\n");
    log.write("checkpoint", text.as_bytes());
    assert!(matches!(fault(&log), Violation::Checkpoint(CheckpointError::Note(NoteError::Signature(_)))));
    fs::remove_file(log.folder.join("checkpoint")).unwrap();
    assert!(matches!(check(&log), Err(CheckError::Unavailable { .. })));
    let nowhere = verify::directory(Path::new("/nonexistent"), &log.key, &[], &mut ());
    assert!(matches!(nowhere, Err(CheckError::Unavailable { .. })));
}

#[test]
fn logs_of_every_interesting_size_hold() {
    for sizes in [&[0][..], &[1], &[255], &[255, 256], &[1, 256, 257], &[65_535, 65_536, 65_537, 70_000]] {
        let log = Log::of_sizes(sizes);
        let report = check(&log).unwrap();
        assert_eq!(report.checkpoint.size, log.size());
        assert_eq!(report.leaves.as_ref().unwrap().count, log.size());
        assert_eq!(report.files, log.files().len() as u64, "every file was read");
        log.clean_up();
        check(&log).unwrap();
    }
}

#[test]
fn a_bundle_has_as_many_entries_as_its_name_says() {
    let log = Log::of_sizes(&[5]);
    let path = "tile/entries/000.p/5";
    let good = log.read(path);
    let mut longer = good.clone();
    tile::push_entry(&mut longer, &leaf_of(5)).unwrap();
    let mut cut = good.clone();
    cut.truncate(good.len() - leaf_of(4).len() - 2);
    for bad in [longer, cut, [&good[..], &[0]].concat(), Vec::new()] {
        log.write(path, &bad);
        assert_eq!(fault(&log), Violation::Framing { path: path.to_owned() });
    }
}

#[test]
fn a_newer_partial_does_not_stand_in_for_the_one_that_the_checkpoint_names() {
    // Readers by HTTP ask for exactly that one, or the full one.
    let mut log = Log::of_sizes(&[600]);
    log.leaves.extend((600..610).map(leaf_of));
    log.publish_tiles();
    for path in ["tile/entries/002.p/88", "tile/0/002.p/88"] {
        let good = log.read(path);
        fs::remove_file(log.folder.join(path)).unwrap();
        assert_eq!(fault(&log), Violation::Missing { path: path.to_owned() });
        log.write(path, &good);
    }
    check(&log).unwrap();
}

/// Counts what it is shown.
struct Counts(u64, u64);

impl Visitor for Counts {
    fn leaf(&mut self, index: u64, peek: &Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        assert_eq!(index, self.0);
        assert_eq!(bytes, leaf_of(index));
        self.0 += 1;
        self.1 += u64::from(peek.kind == "query");
        Ok(())
    }
}

#[test]
fn the_data_folder_will_do_and_each_leaf_is_shown() {
    let log = Log::of_sizes(&[300]);
    let data = Log::new();
    fs::rename(&log.folder, data.folder.join("log")).unwrap();
    let mut counts = Counts(0, 0);
    verify::directory(&data.folder, &data.key, &[], &mut counts).unwrap();
    assert_eq!((counts.0, counts.1), (300, 270));
}

#[test]
fn files_newer_than_the_checkpoint_must_agree_with_each_other() {
    let mut log = Log::of_sizes(&[250]);
    log.leaves.extend((250..800).map(leaf_of));
    log.publish_tiles();
    let report = check(&log).unwrap();
    assert_eq!((report.checkpoint.size, report.leaves.unwrap().count), (250, 800));
    for path in log.files() {
        let good = log.read(&path);
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        fs::write(log.folder.join(&path), &bad).unwrap();
        assert!(matches!(check(&log), Err(CheckError::Violation(_))), "{path}");
        fs::write(log.folder.join(&path), &good).unwrap();
    }
    // The partial tile that the checkpoint names gives way to the full one.
    log.clean_up();
    check(&log).unwrap();
    // A crash may leave bundles without their tiles, never tiles without their bundles.
    fs::remove_file(log.folder.join("tile/0/003.p/32")).unwrap();
    fs::remove_file(log.folder.join("tile/1/000.p/3")).unwrap();
    check(&log).unwrap();
    log.publish_tiles();
    fs::remove_file(log.folder.join("tile/entries/003.p/32")).unwrap();
    assert_eq!(fault(&log), Violation::Hanging { path: "tile/0/003.p/32".to_owned() });
}

#[test]
fn a_log_is_checked_while_it_grows() {
    let mut log = Log::of_sizes(&[1]);
    let (folder, key) = (log.folder.clone(), log.key.clone());
    let done = AtomicBool::new(false);
    let sizes = std::thread::scope(|scope| {
        let checks = scope.spawn(|| {
            let mut sizes = Vec::new();
            while !done.load(Ordering::Relaxed) {
                sizes.push(verify::directory(&folder, &key, &[], &mut ()).map(|report| report.checkpoint.size));
            }
            sizes
        });
        for step in 1..60 {
            let from = log.size();
            log.leaves.extend((from..from + step).map(leaf_of));
            log.publish();
            log.clean_up();
        }
        done.store(true, Ordering::Relaxed);
        checks.join().unwrap()
    });
    let sizes: Vec<u64> = sizes.into_iter().map(|size| size.unwrap()).collect();
    assert!(sizes.len() > 5 && sizes.is_sorted() && sizes.first() < sizes.last(), "{sizes:?}");
    assert_eq!(tile::width_at(0, log.size() / 256, log.size()), 235);
    check(&log).unwrap();
}
