//! A log that is only examined: what a start would find, and nothing on disk is another.

use super::*;

/// Every file of the folder with its content.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push((path.clone(), Vec::new()));
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn what_a_start_refuses_is_refused_and_left_alone() {
    let bench = Bench::new();
    filled(&bench, 3);
    let guard = bench.settings.rollback_guard.clone();
    let content = fs::read(&guard).unwrap();
    fs::remove_file(&guard).unwrap();
    let before = files(&bench.settings.dir);
    assert!(matches!(examine(&bench.settings), Err(RecoverError::RollbackGuardMissing(_))));
    assert_eq!(files(&bench.settings.dir), before);
    fs::write(&guard, content).unwrap();
    fs::remove_file(&bench.segments()[0]).unwrap();
    let before = files(&bench.settings.dir);
    let refused = examine(&bench.settings).err().expect("a refusal").to_string();
    assert_eq!(files(&bench.settings.dir), before);
    assert_eq!(refused, bench.recover().err().expect("a refusal").to_string());
}

#[test]
fn a_log_is_read_whole_and_nothing_is_made_or_mended() {
    let bench = Bench::new();
    let examined = examine(&bench.settings).unwrap();
    assert!(examined.contents.is_none() && !examined.is_in_use && !bench.settings.dir.exists());
    filled(&bench, 3);
    fs::write(bench.wal().join("next"), "half a segment").unwrap();
    let before = files(&bench.settings.dir);
    let contents = examine(&bench.settings).unwrap().contents.unwrap();
    assert_eq!((contents.size(), contents.leaves(0).filter(Result::is_ok).count()), (3, 3));
    assert_eq!(contents.last_at(), bench.recover().unwrap().last_at());
    fs::write(bench.wal().join("next"), "half a segment").unwrap();
    assert_eq!(files(&bench.settings.dir), before);
}

#[test]
fn a_log_in_use_is_read_while_it_grows() {
    let bench = Bench::new();
    filled(&bench, 3);
    let log = bench.start();
    for n in 3..20 {
        let durable = record(&log, entry(&bench, n));
        let examined = examine(&bench.settings).unwrap();
        let size = examined.contents.unwrap().size();
        assert!(examined.is_in_use && size == durable.index + 1, "{size} of {}", durable.index + 1);
    }
    log.close();
    assert!(!examine(&bench.settings).unwrap().is_in_use);
}
