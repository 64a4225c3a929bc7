//! No room: not recordable, and recordable again by itself.

use std::io;

use super::*;

/// A bench on a device of which `full` says whether this step finds room.
fn device(full: impl Fn(Step) -> bool + Send + Sync + 'static) -> (Bench, Arc<AtomicU64>) {
    let is_full = Arc::new(AtomicU64::new(0));
    let asked = Arc::clone(&is_full);
    let bench = Bench::probed(move |step| {
        if asked.load(Ordering::SeqCst) == 1 && full(step) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    });
    (bench, is_full)
}

fn big(bench: &Bench, n: u64) -> Entry {
    let tail = format!(r#","operator":"{}""#, "x".repeat(15_000)).into_bytes();
    Entry { tail, ..entry(bench, n) }
}

/// Records until it is refused; gives what was recorded.
fn fill(log: &Log, bench: &Bench, from: u64) -> Vec<Hash> {
    let mut recorded = Vec::new();
    for n in from..from + 200 {
        let Ok(ticket) = log.submit(big(bench, n), false, || true) else {
            break;
        };
        match ticket.wait() {
            Ok(durable) => recorded.push(durable.leaf_hash),
            Err(NotRecordable) => break,
        }
    }
    recorded
}

#[test]
fn without_room_for_a_segment_nothing_is_recorded_until_there_is() {
    let (bench, full) = device(|step| matches!(step, Step::Reserve(_)));
    let log = bench.start();
    let mut hashes = vec![record(&log, big(&bench, 0)).leaf_hash];
    full.store(1, Ordering::SeqCst);
    let more = fill(&log, &bench, 1);
    // The current segment and at most the one that was ready are used up first.
    assert!(more.len() < 40 && !more.is_empty());
    hashes.extend(more);
    assert!(!log.recordable());
    assert_eq!(log.metrics().not_recordable, [Cause::Room]);
    assert_eq!(log.size(), hashes.len() as u64);
    full.store(0, Ordering::SeqCst);
    assert!(eventually(|| log.recordable()));
    hashes.push(record(&log, big(&bench, 1000)).leaf_hash);
    log.close();
    assert_eq!(leaf_hashes(&bench.recover().unwrap()), hashes);
    assert_eq!(bench.stopped.load(Ordering::SeqCst), 0);
}

#[test]
fn a_log_that_starts_without_room_says_so_before_the_first_entry() {
    let (bench, full) = device(|step| matches!(step, Step::Reserve(_)));
    full.store(1, Ordering::SeqCst);
    let log = bench.start();
    assert!(eventually(|| !log.recordable()));
    full.store(0, Ordering::SeqCst);
    assert!(eventually(|| log.recordable()));
    assert_eq!(record(&log, entry(&bench, 0)).index, 0);
}

#[test]
fn without_room_to_publish_nothing_is_recorded_until_there_is() {
    for failing in [Step::PutTiles, Step::Tidy, Step::Checkpoint] {
        let (bench, full) = device(move |step| step == failing);
        let log = bench.start();
        let mut hashes = vec![record(&log, entry(&bench, 0)).leaf_hash];
        assert!(log.drain(Duration::from_secs(10)));
        full.store(1, Ordering::SeqCst);
        hashes.push(record(&log, entry(&bench, 1)).leaf_hash);
        assert!(eventually(|| !log.recordable()), "{failing:?}");
        assert_eq!(log.metrics().not_recordable, [Cause::Publication]);
        let waited = Duration::from_secs(7);
        bench.clock.pass(waited);
        assert_eq!(log.metrics().unpublished_for, waited, "{failing:?}");
        assert!(log.submit(entry(&bench, 2), false, || true).is_err());
        assert_eq!(log.published(), 1);
        full.store(0, Ordering::SeqCst);
        assert!(eventually(|| log.recordable()));
        assert_eq!(log.published(), 2);
        assert!(eventually(|| log.metrics().unpublished_for.is_zero()), "{failing:?}");
        hashes.push(record(&log, entry(&bench, 3)).leaf_hash);
        log.close();
        published::assert_published(&bench.log(), &hashes);
    }
}

#[test]
fn closing_without_room_to_publish_loses_nothing() {
    let (bench, full) = device(|step| step == Step::PutTiles);
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)) && eventually(|| bench.log().join("checkpoint").exists()));
    full.store(1, Ordering::SeqCst);
    let durable = record(&log, entry(&bench, 0));
    log.close();
    assert_eq!(log.published(), 0);
    full.store(0, Ordering::SeqCst);
    let log = bench.start();
    assert!(log.drain(Duration::from_secs(10)));
    published::assert_published(&bench.log(), &[durable.leaf_hash]);
}
