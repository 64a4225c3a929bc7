//! Copies of a log: what lands was checked, and continues what was there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use credit_audit::checkpoint::Checkpoint;
use credit_audit::verify::{self, CheckError, ClientFiles, Remote, Report, Violation};

use crate::logs::{Log, leaf_of};
use crate::served::serve;

/// A folder of its own for a copy of this log.
fn folder_of(log: &Log) -> PathBuf {
    log.folder.with_extension("mirror")
}

fn mirror(log: &Log) -> Result<(Report, u64), CheckError> {
    let remote =
        Remote::new(&format!("http://{}/log", serve(log.folder.clone(), None, false)), &ClientFiles::default());
    verify::mirror(remote.unwrap(), &folder_of(log), false, &log.key, &mut ())
}

/// Every file of a folder with its bytes, without the lock.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(".lock") {
                let bytes = fs::read(&path).unwrap();
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[test]
fn a_copy_takes_only_what_it_does_not_have_and_is_a_log() {
    let mut log = Log::of_sizes(&[300]);
    let (report, fetched) = mirror(&log).unwrap();
    assert_eq!((report.checkpoint.size, fetched, report.earlier), (300, 3, Vec::new()));
    assert_eq!(mirror(&log).unwrap().1, 0, "the same again");
    log.leaves.extend((300..700).map(leaf_of));
    log.publish();
    let (report, fetched) = mirror(&log).unwrap();
    assert_eq!((report.checkpoint.size, fetched, report.earlier), (700, 3, vec![300]));
    let folder = folder_of(&log);
    assert!(!folder.join("tile/0/001.p").exists(), "the full tile took the place of its beginning");
    let names =
        ["checkpoint", "log.vkey", "tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/1", "tile/1/000.p/2"];
    assert_eq!(files(&folder).into_keys().collect::<Vec<_>>(), names.map(|name| folder.join(name)));
    assert_eq!(verify::hashes(&folder, &log.key, &[], &mut ()).unwrap().checkpoint.size, 700);
    let without_entries = verify::directory(&folder, &log.key, &[], &mut ()).unwrap_err();
    assert!(matches!(without_entries, CheckError::Violation(Violation::Missing { .. })), "{without_entries}");
}

#[test]
fn a_log_that_does_not_continue_the_copy_changes_nothing_in_it() {
    let log = Log::of_sizes(&[300, 600]);
    mirror(&log).unwrap();
    let (folder, whole) = (folder_of(&log), files(&log.folder));
    let before = files(&folder);
    let put_back = || whole.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    let refused = |what: &str, is_meant: fn(&Violation) -> bool| {
        match mirror(&log) {
            Err(CheckError::Violation(found)) => assert!(is_meant(&found), "{what}: {found}"),
            other => panic!("{what}: {other:?}"),
        }
        assert!(files(&folder) == before, "{what}: the copy is another");
    };

    let mut shorter = Log::new();
    shorter.leaves = log.leaves[..299].to_vec();
    log.write("checkpoint", log.signed(&shorter.head()).as_bytes());
    refused("rolled back", |found| matches!(found, Violation::Shortened { size: 299, earlier: 600 }));

    log.write("checkpoint", log.signed(&Checkpoint { root: [7; 32], ..log.head() }).as_bytes());
    refused("another root of the same size", |found| matches!(found, Violation::Root { size: 600 }));

    // A log of its own, with another leaf far below: signed well, whole in itself.
    let mut forked = Log::new();
    forked.leaves = (0..900).map(leaf_of).collect();
    forked.leaves[3] = leaf_of(5_003);
    forked.publish();
    for (path, bytes) in files(&forked.folder) {
        log.write(path.strip_prefix(&forked.folder).unwrap().to_str().unwrap(), &bytes);
    }
    refused("a fork", |found| matches!(found, Violation::Root { .. } | Violation::Hash { .. }));
    put_back();

    let mut longer = Log::new();
    longer.leaves = (0..900).map(leaf_of).collect();
    longer.publish();
    for (path, bytes) in files(&longer.folder) {
        log.write(path.strip_prefix(&longer.folder).unwrap().to_str().unwrap(), &bytes);
    }
    let good = log.read("tile/0/002");
    let mut bad = good.clone();
    bad[3_000] ^= 1;
    log.write("tile/0/002", &bad);
    refused("a tile that was altered", |found| matches!(found, Violation::Root { .. } | Violation::Hash { .. }));
    log.write("tile/0/002", &good);
    assert_eq!(mirror(&log).unwrap().0.checkpoint.size, 900);
    let rotten = folder.join("tile/0/000");
    let mut bytes = fs::read(&rotten).unwrap();
    bytes[40] ^= 1;
    fs::write(&rotten, bytes).unwrap();
    let found = mirror(&log).unwrap_err();
    assert!(matches!(found, CheckError::Violation(_)), "what the copy has is checked, too: {found}");
}

#[test]
fn a_copy_with_entries_is_never_continued_without_them_and_two_never_write_at_once() {
    let log = Log::of_sizes(&[300]);
    mirror(&log).unwrap();
    let folder = folder_of(&log);
    fs::create_dir_all(folder.join("tile/entries")).unwrap();
    let found = mirror(&log).unwrap_err();
    assert!(found.to_string().contains("it has entries"), "{found}");
    let lock = fs::File::create(folder.join(".lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let found = mirror(&log).unwrap_err();
    assert!(found.to_string().contains("another mirror writes it"), "{found}");
}

#[test]
fn what_witnesses_cosigned_is_copied_once_the_log_continues_it_and_stays() {
    const WITNESSED: &str = "checkpoint.witnessed";
    let log = Log::of_sizes(&[300, 600]);
    let mut shorter = Log::new();
    shorter.leaves = log.leaves[..300].to_vec();
    let cosigned = log.signed(&shorter.head());
    let copy = folder_of(&log).join(WITNESSED);
    fs::create_dir_all(folder_of(&log)).unwrap();
    let refused = |what: &str, signed: &str, is_meant: fn(&Violation) -> bool| {
        let before = files(&folder_of(&log));
        log.write(WITNESSED, signed.as_bytes());
        match mirror(&log) {
            Err(CheckError::Violation(found)) => assert!(is_meant(&found), "{what}: {found}"),
            other => panic!("{what}: {other:?}"),
        }
        assert!(files(&folder_of(&log)) == before, "{what}: the copy is another");
    };
    let cases = |is_first: bool| {
        let forked = log.signed(&Checkpoint { root: [7; 32], ..shorter.head() });
        refused("another history", &forked, |found| matches!(found, Violation::Root { size: 300 }));
        let longer = log.signed(&Checkpoint { size: 900, ..log.head() });
        refused("more than there is", &longer, |found| {
            matches!(found, Violation::Shortened { size: 600, earlier: 900 })
        });
        let unsigned = cosigned.replacen('\n', "\n1", 1);
        refused("not signed by the log", &unsigned, |found| matches!(found, Violation::Checkpoint(_)));
        assert_eq!(copy.exists(), !is_first);
    };
    cases(true);
    log.write(WITNESSED, cosigned.as_bytes());
    let (report, _) = mirror(&log).unwrap();
    assert_eq!((report.earlier, fs::read_to_string(&copy).unwrap() == cosigned), (Vec::new(), true));
    cases(false);
    // An older one, and none, do not take the place of what the copy has.
    let mut oldest = Log::new();
    oldest.leaves = log.leaves[..20].to_vec();
    log.write(WITNESSED, log.signed(&oldest.head()).as_bytes());
    let (report, _) = mirror(&log).unwrap();
    assert_eq!((report.earlier, fs::read_to_string(&copy).unwrap() == cosigned), (vec![600], true));
    fs::remove_file(log.folder.join(WITNESSED)).unwrap();
    mirror(&log).unwrap();
    assert!(fs::read_to_string(&copy).unwrap() == cosigned);
}
