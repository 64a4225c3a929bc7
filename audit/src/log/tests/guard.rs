//! The rollback guard fences: of two gateways that share one, at most one signs.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::log::threads::shared::SLOW_PUBLICATION;

/// A bench whose guard lies outside its data folder.
fn guarded_elsewhere() -> (Bench, TempDir) {
    let mut bench = Bench::new();
    let elsewhere = temp_dir();
    bench.settings.rollback_guard = elsewhere.path().join("second-place");
    (bench, elsewhere)
}

/// Another gateway on a copy of the folder, with the same guard.
fn on_a_copy(bench: &Bench) -> Bench {
    let mut other = Bench::new();
    other.settings.dir = bench.settings.dir.with_extension("copy");
    other.settings.rollback_guard.clone_from(&bench.settings.rollback_guard);
    crash::copy(&bench.settings, &other.settings.dir);
    other
}

fn refusal(bench: &Bench) -> RecoverError {
    let error = bench.recover().err().expect("a refusal");
    assert!(!error.to_string().contains('\n'));
    error
}

fn checkpoint(bench: &Bench) -> Checkpoint {
    let note = fs::read_to_string(bench.log().join("checkpoint")).unwrap();
    Checkpoint::open(&note, &key()).unwrap()
}

#[test]
fn a_guard_in_use_is_refused_to_a_gateway_on_a_copy() {
    let (bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let other = on_a_copy(&bench);
    let log = bench.start();
    assert!(matches!(refusal(&other), RecoverError::Locked(path) if path == bench.settings.rollback_guard));
    log.close();
    // A log that was closed does not keep the guard, even while somebody still reads receipts from it.
    drop(bench.start());
}

#[test]
fn of_a_folder_and_its_copy_only_the_first_that_starts_signs() {
    let (bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let other = on_a_copy(&bench);
    // Nothing is recorded between the two starts: only the start itself shows.
    bench.start().close();
    assert!(matches!(refusal(&other), RecoverError::OtherFolder { guard, folder }
        if guard == bench.settings.rollback_guard && folder == other.settings.dir));
    assert_eq!(checkpoint(&other).size, 3);
    let log = bench.start();
    assert_eq!(record(&log, entry(&bench, 3)).index, 3);
    log.close();
}

#[test]
fn of_a_folder_and_its_copy_the_copy_may_be_the_first() {
    let (bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let other = on_a_copy(&bench);
    let log = other.start();
    record(&log, entry(&other, 3));
    log.close();
    assert!(bench.recover().is_err());
    assert_eq!((checkpoint(&bench).size, checkpoint(&other).size), (3, 4));
}

#[test]
fn two_gateways_on_copies_without_a_working_lock_do_not_both_sign() {
    // Two machines that mount the guard from a server that passes on no locks.
    let (bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let log = bench.start();
    let other = on_a_copy(&bench);
    let unlocked = bench.settings.rollback_guard.with_extension("unlocked");
    fs::copy(&bench.settings.rollback_guard, &unlocked).unwrap();
    // The lock is on the file, so a file that takes its name is not locked.
    fs::rename(&unlocked, &bench.settings.rollback_guard).unwrap();
    let fork = other.start();
    let forked = record(&fork, entry(&other, 7));
    assert!(fork.drain(Duration::from_secs(10)));
    let lost = log.submit(entry(&bench, 8), true, || true).unwrap();
    assert_eq!(lost.wait().unwrap_err(), NotRecordable);
    assert!(eventually(|| bench.stopped.load(Ordering::SeqCst) >= 1) && !log.recordable());
    let line = bench.reports().into_iter().find(|line| line.starts_with("the log stops: ")).unwrap();
    assert!(line.contains("second-place") && line.contains("another process"), "{line}");
    assert_eq!((checkpoint(&bench).size, checkpoint(&other).size, forked.index), (3, 4, 3));
    // And the one that stopped stays out.
    log.close();
    fork.close();
    assert!(bench.recover().is_err());
    assert_eq!(other.recover().unwrap().size(), 4);
}

#[test]
fn a_guard_replaced_by_a_copy_of_itself_stops_the_log_before_it_signs() {
    // As `rsync` and a restore do: the same bytes under the same name, in another file. What is written into the open file
    // is seen by nobody, so a gateway on a copy of the folder would sign the same size.
    let (bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let log = bench.start();
    let other = on_a_copy(&bench);
    let copied = bench.settings.rollback_guard.with_extension("copied");
    fs::copy(&bench.settings.rollback_guard, &copied).unwrap();
    fs::rename(&copied, &bench.settings.rollback_guard).unwrap();
    let lost = log.submit(entry(&bench, 3), true, || true).unwrap();
    assert_eq!(lost.wait().unwrap_err(), NotRecordable);
    assert!(eventually(|| bench.stopped.load(Ordering::SeqCst) >= 1));
    assert_eq!(checkpoint(&bench).size, 3);
    log.close();
    let fork = other.start();
    record(&fork, entry(&other, 7));
    fork.close();
    assert_eq!((checkpoint(&bench).size, checkpoint(&other).size), (3, 4));
}

#[test]
fn a_guard_that_was_changed_stops_the_log_before_it_signs() {
    let (bench, _elsewhere) = guarded_elsewhere();
    let log = bench.start();
    record(&log, entry(&bench, 0));
    assert!(log.drain(Duration::from_secs(10)));
    let mut bytes = fs::read(&bench.settings.rollback_guard).unwrap();
    bytes[4096 + 20] ^= 1;
    fs::write(&bench.settings.rollback_guard, bytes).unwrap();
    let lost = log.submit(entry(&bench, 1), true, || true).unwrap();
    assert_eq!(lost.wait().unwrap_err(), NotRecordable);
    assert!(eventually(|| bench.stopped.load(Ordering::SeqCst) >= 1));
    assert_eq!((log.published(), checkpoint(&bench).size), (1, 1));
}

#[test]
fn a_moved_folder_starts_and_a_guard_of_another_folder_is_refused() {
    let (mut bench, _elsewhere) = guarded_elsewhere();
    filled(&bench, 3);
    let moved = bench.settings.dir.with_extension("moved");
    fs::rename(&bench.settings.dir, &moved).unwrap();
    bench.settings.dir = moved;
    bench.start().close();
    // A new folder of the same name, and one that lost its instance id.
    let mut new = Bench::new();
    filled(&new, 3);
    new.settings.rollback_guard.clone_from(&bench.settings.rollback_guard);
    assert!(matches!(refusal(&new), RecoverError::OtherFolder { .. }));
    fs::remove_file(bench.wal().join("instance")).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::OtherFolder { .. }));
}

#[test]
fn a_guard_of_an_earlier_release_is_refused_by_name() {
    let bench = Bench::new();
    filled(&bench, 1);
    let mut bytes = fs::read(&bench.settings.rollback_guard).unwrap();
    for slot in bytes.chunks_mut(4096) {
        slot[7] = 1;
    }
    fs::write(&bench.settings.rollback_guard, bytes).unwrap();
    assert!(matches!(refusal(&bench), RecoverError::EarlierRelease(path) if path == bench.settings.rollback_guard));
}

#[test]
fn a_crash_between_folder_and_guard_leaves_a_log_that_starts() {
    for failing in [Step::Instance, Step::Claim] {
        // The first start makes both files and claims the guard; the second claims it again.
        for start_number in [0, 1] {
            let count = Arc::new(AtomicU64::new(0));
            let asked = Arc::clone(&count);
            let fails = move |step| step == failing && asked.fetch_add(1, Ordering::SeqCst) == start_number;
            let bench = Bench::probed(move |step| match fails(step) {
                true => Err(std::io::Error::other("the process ends here")),
                false => Ok(()),
            });
            let mut failed = 0;
            for _ in 0..3 {
                let started =
                    bench.recover().map(|recovered| recovered.start(Box::new(TestSigner::new(7)), HashMap::new()));
                match started {
                    Ok(Ok(log)) => log.close(),
                    Ok(Err(_)) | Err(_) => failed += 1,
                }
            }
            assert!(failed >= 1, "{failing:?} {start_number}");
            let log = bench.start();
            record(&log, entry(&bench, 0));
            log.close();
        }
    }
}

#[test]
fn a_guard_that_is_away_is_waited_for_and_nothing_is_signed_meanwhile() {
    let (bench, elsewhere) = guarded_elsewhere();
    let log = bench.start();
    record(&log, entry(&bench, 0));
    assert!(log.drain(Duration::from_secs(10)));
    let away = elsewhere.path().join("away");
    fs::rename(&bench.settings.rollback_guard, &away).unwrap();
    // Durable, and without its proof.
    let durable = log.submit(entry(&bench, 1), true, || true).unwrap().wait().unwrap();
    assert_eq!((durable.index, durable.proof), (1, None));
    assert!(eventually(|| !log.recordable()));
    assert_eq!(log.metrics().not_recordable, [Cause::Publication]);
    assert_eq!((log.published(), checkpoint(&bench).size), (1, 1));
    fs::rename(&away, &bench.settings.rollback_guard).unwrap();
    assert!(eventually(|| log.recordable()));
    record(&log, entry(&bench, 2));
    assert!(log.drain(Duration::from_secs(10)));
    log.close();
    assert_eq!((bench.stopped.load(Ordering::SeqCst), checkpoint(&bench).size), (0, 3));
    assert_eq!(bench.recover().unwrap().size(), 3);
}

#[test]
fn a_guard_that_hangs_makes_the_log_not_recordable_until_it_answers() {
    let hangs = Arc::new(AtomicU64::new(0));
    let asked = Arc::clone(&hangs);
    let bench = Bench::probed(move |step| {
        while step == Step::RollbackGuard && asked.load(Ordering::SeqCst) > 0 {
            asked.store(2, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    });
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    hangs.store(1, Ordering::SeqCst);
    record(&log, entry(&bench, 0));
    assert!(eventually(|| hangs.load(Ordering::SeqCst) == 2));
    assert!(log.recordable(), "it has only begun");
    bench.clock.pass(SLOW_PUBLICATION + Duration::from_millis(1));
    assert_eq!((log.recordable(), log.metrics().not_recordable), (false, vec![Cause::Publication]));
    assert!(log.submit(entry(&bench, 1), false, || true).is_err(), "refused, and not made to wait");
    hangs.store(0, Ordering::SeqCst);
    assert!(eventually(|| log.recordable()));
    log.close();
}
