//! What a submitter may rely on.

use std::io;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::*;
use crate::leaf::{self, Refusals};
use crate::proof::Proof;

#[test]
fn what_was_overtaken_is_given_back_and_not_recorded() {
    let bench = Bench::new();
    let log = bench.start();
    let refused = entry(&bench, 1);
    match log.submit(refused.clone(), false, || false) {
        Err(Unsubmitted::Overtaken(back)) => assert_eq!(back, refused),
        other => panic!("{other:?}"),
    }
    assert_eq!(record(&log, entry(&bench, 2)).index, 0);
    log.close();
    assert_eq!(log.size(), 1);
}

#[test]
fn a_suspension_is_seen_by_every_later_entry_and_stands_before_it() {
    let bench = Bench::new();
    let log = bench.start();
    let suspended = AtomicBool::new(false);
    let (start, suspension) = (Barrier::new(9), Mutex::new(None));
    let answered = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let (log, start, suspended, answered, bench) = (&log, &start, &suspended, &answered, &bench);
            scope.spawn(move || {
                start.wait();
                for n in 0..200 {
                    let query = entry(bench, thread << 32 | n);
                    match log.submit(query, false, || !suspended.load(Ordering::SeqCst)) {
                        Ok(ticket) => answered.lock().unwrap().push(ticket.wait().unwrap().index),
                        Err(Unsubmitted::Overtaken(_)) => break,
                        Err(Unsubmitted::NotRecordable(error)) => panic!("{error}"),
                    }
                }
            });
        }
        start.wait();
        std::thread::sleep(Duration::from_millis(20));
        let leaf = Entry { kind: Kind::Suspension, institution: None, ..entry(&bench, u64::MAX) };
        let ticket = log.submit(leaf, false, || {
            suspended.store(true, Ordering::SeqCst);
            true
        });
        *suspension.lock().unwrap() = Some(ticket.unwrap().wait().unwrap().index);
    });
    let suspension = suspension.into_inner().unwrap().unwrap();
    assert_eq!(answered.into_inner().unwrap().into_iter().filter(|index| *index > suspension).count(), 0);
    assert_eq!(log.size(), suspension + 1);
}

#[test]
fn a_check_that_panics_breaks_nothing() {
    let bench = Bench::new();
    let log = bench.start();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(log.submit(entry(&bench, 0), false, || panic!("on purpose")));
    }));
    assert!(panicked.is_err());
    assert_eq!(record(&log, entry(&bench, 1)).index, 0);
}

#[test]
fn an_entry_that_makes_no_leaf_is_not_recorded_and_harms_no_other() {
    let bench = Bench::new();
    let log = bench.start();
    let long = Entry { tail: vec![b' '; leaf::MAX_LEAF_BYTES], ..entry(&bench, 0) };
    let (bad, good) = (log.submit(long, false, || true), log.submit(entry(&bench, 1), false, || true));
    assert_eq!(bad.unwrap().wait().unwrap_err(), NotRecordable);
    let good = good.unwrap().wait().unwrap();
    assert_eq!((good.index, leaf::peek(&good.leaf).unwrap().seq), (0, Some(1)));
}

#[test]
fn a_failed_write_or_sync_stops_the_log_and_is_never_tried_again() {
    for failing in [Step::WriteBatch, Step::SyncBatch] {
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        let bench = Bench::probed(move |step| {
            if step == failing && count.fetch_add(1, Ordering::SeqCst) == 2 {
                // Meanwhile others come.
                std::thread::sleep(Duration::from_millis(100));
                return Err(io::Error::other("the device is gone"));
            }
            Ok(())
        });
        let log = bench.start();
        for n in 0..2 {
            record(&log, entry(&bench, n));
        }
        let lost = log.submit(entry(&bench, 2), false, || true).unwrap();
        assert!(eventually(|| asked.load(Ordering::SeqCst) == 3));
        let late = log.submit(entry(&bench, 4), false, || true).unwrap();
        assert_eq!(lost.wait().unwrap_err(), NotRecordable);
        assert_eq!(late.wait().unwrap_err(), NotRecordable);
        assert_eq!(bench.stopped.load(Ordering::SeqCst), 1, "{failing:?}");
        assert!(!log.recordable());
        assert!(log.submit(entry(&bench, 3), false, || true).is_err());
        assert_eq!((log.size(), asked.load(Ordering::SeqCst)), (2, 3));
        let line = bench.reports().into_iter().find(|line| line.contains("the device is gone")).unwrap();
        assert!(line.starts_with("the log stops: ") && !line.contains('\n'));
    }
}

#[test]
fn a_batch_that_takes_too_long_makes_the_log_slow_until_it_is_durable() {
    let (hangs, goes_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (begun, ended) = (Arc::clone(&hangs), Arc::clone(&goes_on));
    let asked = AtomicU64::new(0);
    let bench = Bench::probed(move |step| {
        if step == Step::SyncBatch && asked.fetch_add(1, Ordering::SeqCst) == 0 {
            begun.wait();
            ended.wait();
        }
        Ok(())
    });
    let log = bench.start();
    let slow = log.submit(entry(&bench, 0), false, || true).unwrap();
    hangs.wait();
    assert!(log.recordable() && !log.is_slow(), "it has only begun");
    let waits = log.submit(entry(&bench, 1), false, || true).unwrap();
    bench.clock.pass(SLOW + Duration::from_millis(1));
    assert!(!log.recordable() && log.is_slow());
    assert!(log.submit(entry(&bench, 2), false, || true).is_err(), "refused, and not made to wait");
    let metrics = log.metrics();
    assert_eq!((metrics.not_recordable, metrics.writing_for), (vec![Cause::Slow], SLOW + Duration::from_millis(1)));
    goes_on.wait();
    assert_eq!(slow.wait().unwrap().index, 0);
    assert_eq!(waits.wait().unwrap().index, 1, "what was taken is recorded");
    assert!(eventually(|| log.recordable() && log.metrics().writing_for.is_zero()));
    log.close();
}

#[test]
fn a_failed_rollback_guard_stops_the_log_and_nothing_is_signed() {
    let bench = Bench::probed(|step| match step {
        Step::RollbackGuard => Err(io::Error::other("the other device is gone")),
        _ => Ok(()),
    });
    let log = bench.start();
    let proof = log.submit(entry(&bench, 0), true, || true).unwrap();
    assert_eq!(proof.wait().unwrap_err(), NotRecordable);
    assert!(eventually(|| !log.recordable()));
    assert!(bench.stopped.load(Ordering::SeqCst) >= 1);
    assert_eq!(log.published(), 0);
}

#[test]
fn a_panic_in_a_thread_of_the_log_stops_it() {
    let bench = Bench::probed(|step| if step == Step::WriteBatch { panic!("on purpose") } else { Ok(()) });
    let log = bench.start();
    let lost = log.submit(entry(&bench, 0), false, || true).unwrap();
    assert_eq!(lost.wait().unwrap_err(), NotRecordable);
    assert!(eventually(|| bench.stopped.load(Ordering::SeqCst) == 1) && !log.recordable());
}

#[test]
fn numbers_are_consecutive_for_each_institution_also_after_a_restart() {
    let bench = Bench::new();
    let log = bench.start();
    let who = |n: u64| {
        if n.is_multiple_of(3) { "housing" } else { "bank" }
    };
    for n in 0..30 {
        record(&log, entry_at(bench.clock.now(), who(n), n));
    }
    record(&log, Entry { kind: Kind::Catalogue, institution: None, ..entry(&bench, 30) });
    log.close();
    let recovered = bench.recover().unwrap();
    let mut seqs = HashMap::new();
    for leaf in recovered.leaves(0) {
        let (_, leaf) = leaf.unwrap();
        let peek = leaf::peek(&leaf).unwrap();
        if let (Some(institution), Some(seq)) = (peek.institution, peek.seq) {
            let last = seqs.insert(institution.to_owned(), seq).unwrap_or(0);
            assert_eq!(seq, last + 1);
        }
    }
    assert_eq!(seqs, HashMap::from([("bank".to_owned(), 20), ("housing".to_owned(), 10)]));
    let log = recovered.start(Box::new(TestSigner::new(7)), seqs).unwrap();
    let next = record(&log, entry_at(bench.clock.now(), "housing", 31));
    assert_eq!(leaf::peek(&next.leaf).unwrap().seq, Some(11));
}

#[test]
fn refusals_that_share_a_leaf_take_as_many_numbers_as_they_are() {
    let bench = Bench::new();
    let log = bench.start();
    record(&log, entry(&bench, 0));
    let counts = [("malformed-request".to_owned(), 2), ("rate-limited".to_owned(), 3)];
    let none = Refusals::shared(entry(&bench, 1).id, "bank", [].into()).unwrap();
    assert_eq!(none, None);
    let shared = Refusals::shared(entry(&bench, 1).id, "bank", counts.into()).unwrap().unwrap();
    let leaf = record(&log, shared.clone()).leaf;
    let text = std::str::from_utf8(&leaf).unwrap();
    let tail = r#","institution":"bank","seq":6,"counts":{"malformed-request":2,"rate-limited":3},"seqs":[2,6]}"#;
    assert!(text.ends_with(tail), "{text}");
    leaf::check_form(&leaf).unwrap();
    assert_eq!(leaf::peek(&record(&log, entry(&bench, 2)).leaf).unwrap().seq, Some(7));
    assert!(log.drain(Duration::from_secs(10)));
    assert_eq!(log.receipt(shared.id, "bank").unwrap().leaf, leaf.to_vec());
}

#[test]
fn a_stepped_clock_is_not_recordable_until_it_agrees() {
    let bench = Bench::new();
    let log = bench.start();
    let first = record(&log, entry(&bench, 0));
    for step in [-61, 61] {
        bench.clock.step(SignedDuration::from_secs(step));
        match log.submit(entry(&bench, 1), false, || true) {
            Ok(ticket) => assert_eq!(ticket.wait().unwrap_err(), NotRecordable),
            Err(error) => assert!(matches!(error, Unsubmitted::NotRecordable(_))),
        }
        assert!(!log.recordable());
        assert_eq!(log.metrics().not_recordable, [Cause::Clock]);
        // Meanwhile the log's own time goes on.
        let before = log.accepted_now();
        bench.clock.pass(Duration::from_secs(1));
        assert_eq!(log.accepted_now().duration_since(before), SignedDuration::from_secs(1));
        assert!(log.accepted_now().duration_since(first.at) < SignedDuration::from_secs(5));
        bench.clock.step(SignedDuration::from_secs(-step));
        assert!(eventually(|| log.recordable()));
    }
    bench.clock.step(SignedDuration::from_secs(-30));
    let second = record(&log, entry(&bench, 2));
    assert_eq!((second.index, second.at), (1, first.at));
    assert!(bench.reports().iter().any(|line| line.contains("recordable again")));
}

#[test]
fn who_drops_the_ticket_is_recorded_all_the_same() {
    let bench = Bench::new();
    let log = bench.start();
    for n in 0..10 {
        drop(log.submit(entry(&bench, n), n % 2 == 0, || true).unwrap());
    }
    log.close();
    assert_eq!((log.size(), log.published()), (10, 10));
    assert!(log.submit(entry(&bench, 11), false, || true).is_err());
    assert_eq!(bench.recover().unwrap().size(), 10);
}

#[test]
fn a_proof_asked_for_comes_at_once_and_holds() {
    let mut bench = Bench::new();
    bench.settings.publish_every = Duration::from_secs(3600);
    let log = bench.start();
    // Published at once; what follows would wait an hour.
    record(&log, entry(&bench, 0));
    assert!(eventually(|| log.published() == 1));
    for n in 1..600 {
        drop(log.submit(entry(&bench, n), false, || true).unwrap());
    }
    let tickets: Vec<_> = (600..620).map(|n| log.submit(entry(&bench, n), true, || true).unwrap()).collect();
    for ticket in tickets {
        let durable = ticket.wait().unwrap();
        let text = durable.proof.as_deref().unwrap();
        let proof = Proof::parse(text).unwrap();
        assert_eq!(proof.index, durable.index);
        let checkpoint = proof.verify(&merkle::leaf_hash(&durable.leaf), &key()).unwrap();
        assert!(checkpoint.size > durable.index && checkpoint.size <= log.size());
    }
    assert_eq!(log.published(), 1);
    // What was signed without being published is remembered by the rollback guard, and the log is not below it.
    log.close();
    assert_eq!(log.published(), 620);
}

#[test]
fn a_batch_waits_for_more_only_while_every_thread_that_serves_is_busy() {
    let mut bench = Bench::new();
    bench.settings.linger = Duration::from_secs(20);
    let log = bench.start();
    let mut number = 0;
    let mut submit = || {
        number += 1;
        log.submit(entry(&bench, number), false, || true).unwrap()
    };
    let within = |ticket: Ticket| {
        let started = Instant::now();
        drop(ticket.wait().unwrap());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    };
    // Nobody says what it does, so nobody is waited for.
    within(submit());
    log.add_server();
    log.add_server();
    let (first, second) = (submit(), submit());
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(log.size(), 1, "it lingers");
    log.server_idle();
    within(first);
    within(second);
    assert_eq!(log.metrics().batch_leaves.count, 2, "one for both");
    // As long as one is idle.
    within(submit());
    log.server_busy();
    let last = submit();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(log.size(), 4, "it lingers again");
    // Where so many wait, more would save nothing; and what is closed waits for nothing.
    let many: Vec<_> = (0..255).map(|_| submit()).collect();
    within(last);
    many.into_iter().for_each(within);
    let last = submit();
    log.close();
    within(last);
}

#[test]
fn a_batch_waits_for_more_so_long_and_no_longer() {
    let mut bench = Bench::new();
    bench.settings.linger = Duration::from_millis(50);
    let log = bench.start();
    log.add_server();
    let started = Instant::now();
    record(&log, entry(&bench, 0));
    assert!(started.elapsed() >= Duration::from_millis(50), "{:?}", started.elapsed());
}

#[test]
fn what_is_durable_comes_by_the_mailbox_of_its_thread_and_without_one_too() {
    let bench = Bench::new();
    let log = bench.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let submit = |number| log.submit(entry(&bench, number), false, || true).unwrap();
        let elsewhere = submit(0);
        let delivering = log.clone();
        let delivering = tokio::spawn(async move { delivering.deliver().await });
        tokio::task::yield_now().await;
        let here: Vec<_> = (1..100).map(submit).collect();
        let mut indices = vec![elsewhere.await.unwrap().index];
        for ticket in here {
            indices.push(ticket.await.unwrap().index);
        }
        assert_eq!(indices, (0..100).collect::<Vec<_>>());
        // Whoever delivers may end while tickets are open.
        let open: Vec<_> = (100..200).map(submit).collect();
        delivering.abort();
        assert!(delivering.await.unwrap_err().is_cancelled());
        for ticket in open {
            assert!(ticket.await.is_ok());
        }
        assert!(submit(200).await.is_ok());
    });
}

#[test]
fn batches_go_on_in_the_next_segment() {
    let bench = Bench::new();
    let log = bench.start();
    let tickets: Vec<_> = (0..100)
        .map(|n| {
            let tail = format!(r#","operator":"{}""#, "x".repeat(15_000)).into_bytes();
            log.submit(Entry { tail, ..entry(&bench, n) }, false, || true).unwrap()
        })
        .collect();
    let hashes: Vec<_> = tickets.into_iter().map(|ticket| ticket.wait().unwrap().leaf_hash).collect();
    let metrics = log.metrics();
    log.close();
    assert!(bench.segments().len() >= 6, "{:?}", bench.segments());
    let recovered = bench.recover().unwrap();
    assert_eq!((leaf_hashes(&recovered), recovered.root()), (hashes.clone(), root_of(&hashes)));
    assert_eq!(recovered.leaves(57).next().unwrap().unwrap().0, 57);
    assert_eq!((metrics.size, metrics.batch_leaves.sum), (100, 100.0));
}

#[test]
fn many_threads_at_once() {
    let bench = Bench::new();
    let log = bench.start();
    let recorded = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..64u64 {
            let (log, bench, recorded) = (&log, &bench, &recorded);
            scope.spawn(move || {
                let mine: Vec<_> = (0..200).map(|n| record(log, entry(bench, thread << 32 | n))).collect();
                recorded.lock().unwrap().extend(mine);
            });
        }
    });
    log.close();
    let mut recorded = recorded.into_inner().unwrap();
    recorded.sort_by_key(|durable| durable.index);
    let hashes: Vec<_> = recorded.iter().map(|durable| durable.leaf_hash).collect();
    assert_eq!(recorded.iter().map(|durable| durable.index).collect::<Vec<_>>(), (0..12_800).collect::<Vec<_>>());
    let recovered = bench.recover().unwrap();
    assert_eq!((leaf_hashes(&recovered), recovered.root()), (hashes.clone(), root_of(&hashes)));
}
