//! A crash at every durable step: the folder is copied there, and every copy must open with all that was
//! acknowledged before, and go on.

use super::*;

/// Copies a log's folder while it may be written to, in an order that keeps what the log keeps: the checkpoint needs
/// its tiles, the rollback guard, and the write-ahead log, each at least as new.
pub(super) fn copy(settings: &Settings, to: &Path) {
    let from = &settings.dir;
    fs::create_dir_all(to.join("log")).unwrap();
    for name in ["checkpoint", "log.vkey"] {
        if from.join("log").join(name).exists() {
            fs::copy(from.join("log").join(name), to.join("log").join(name)).unwrap();
        }
    }
    copy_tree(&from.join("log"), &to.join("log"));
    if settings.rollback_guard.starts_with(from) && settings.rollback_guard.exists() {
        fs::create_dir_all(to.join("wal")).unwrap();
        fs::copy(&settings.rollback_guard, to.join("wal").join("second-place")).unwrap();
    }
    copy_tree(&from.join("wal"), &to.join("wal"));
}

/// What is not there yet. Files may come and go meanwhile.
pub(super) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut names: Vec<_> = fs::read_dir(from).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_tree(&from, &to);
        } else if !to.exists() {
            drop(fs::copy(from, to));
        }
    }
}

/// What the probe shares with the test.
#[derive(Default)]
struct Watched {
    /// Copies of the folder, with the step that was about to be taken and the leaves acknowledged before.
    copies: Vec<(PathBuf, Step, Vec<Hash>)>,
    acknowledged: Vec<Hash>,
    settings: Option<Settings>,
}

#[test]
fn every_copy_made_at_a_step_opens_with_all_that_was_acknowledged() {
    let watched = Arc::new(Mutex::new(Watched::default()));
    let of_probe = Arc::clone(&watched);
    let bench = Bench::probed(move |step| {
        let mut watched = of_probe.lock().unwrap();
        let Some(settings) = watched.settings.clone() else {
            return Ok(());
        };
        let to = settings.dir.with_extension(format!("copy-{}", watched.copies.len()));
        copy(&settings, &to);
        let acknowledged = watched.acknowledged.clone();
        watched.copies.push((to, step, acknowledged));
        Ok(())
    });
    watched.lock().unwrap().settings = Some(bench.settings.clone());
    let log = bench.start();
    for n in 0..12u64 {
        let big = if n == 5 { "x".repeat(15_000) } else { String::new() };
        // The bundle becomes full on the way, and a segment too.
        let burst = if n == 8 { 250 } else { 1 };
        let tickets: Vec<_> = (0..burst)
            .map(|k| {
                let tail = format!(r#","operator":"{big}-{}""#, "y".repeat(1200)).into_bytes();
                let entry = Entry { tail, ..entry(&bench, n << 16 | k) };
                log.submit(entry, n == 3, || true).unwrap()
            })
            .collect();
        for ticket in tickets {
            let durable = ticket.wait().unwrap();
            watched.lock().unwrap().acknowledged.push(durable.leaf_hash);
        }
        if n % 4 == 3 {
            assert!(log.drain(Duration::from_secs(10)));
        }
    }
    log.close();
    let mut watched = std::mem::take(&mut *watched.lock().unwrap());
    watched.settings = None;
    let seen = |wanted: Step| watched.copies.iter().any(|(_, step, _)| *step == wanted);
    let wanted = [Step::Activate, Step::WriteBatch, Step::SyncBatch, Step::PutTiles, Step::Tidy, Step::RollbackGuard];
    assert!(wanted.into_iter().chain([Step::Checkpoint]).all(seen), "a step was not taken");
    for (dir, step, acknowledged) in &watched.copies {
        let mut copied = Bench::new();
        copied.settings.rollback_guard = dir.join("wal").join("second-place");
        copied.settings.dir = dir.clone();
        let recovered = copied.recover().unwrap_or_else(|error| panic!("before {step:?}: {error}"));
        let leaves = leaf_hashes(&recovered);
        assert!(leaves.starts_with(acknowledged), "before {step:?}: a leaf is lost");
        let log = start(recovered);
        let next = record(&log, entry(&copied, 999));
        log.close();
        assert_eq!(next.index, leaves.len() as u64);
        published::assert_published(&copied.log(), &[&leaves[..], &[next.leaf_hash]].concat());
    }
}
