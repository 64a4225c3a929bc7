//! The second copy of the write-ahead log: what was acknowledged is in it, whatever ends in between.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::AtomicBool;

use super::crash::copy_tree as copy_folder;
use super::*;
use crate::log::disk::copies::{Copies, Copying, Reached};
use crate::log::error::RestoreError;
use crate::log::open::restore::restore;
use crate::log::publish::copy_folder::CopyFolder;
use crate::log::wal::frame::{FRAME_HEAD_LEN, TRAILER_LEN};
use crate::log::wal::segment;
use crate::pruned::{Pruned, PrunedHead};
use crate::tile;

/// Keeps copies in a folder beside, without a network.
struct Beside {
    dir: PathBuf,
    is_away: Arc<AtomicBool>,
    /// What is sent arrives, and nothing comes back.
    is_mute: Arc<AtomicBool>,
}

struct Link {
    folder: CopyFolder,
    is_away: Arc<AtomicBool>,
    is_mute: Arc<AtomicBool>,
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Copies for Beside {
    fn connect(&self, before: &[u8; 16], folder: &[u8; 16]) -> io::Result<Box<dyn Copying>> {
        if self.is_away.load(Ordering::SeqCst) || self.is_mute.load(Ordering::SeqCst) {
            return Err(gone());
        }
        let mut kept = CopyFolder::open(&self.dir, ORIGIN)?;
        kept.begin(before, folder)?;
        let (is_away, is_mute) = (Arc::clone(&self.is_away), Arc::clone(&self.is_mute));
        Ok(Box::new(Link { folder: kept, is_away, is_mute }))
    }
}

impl Copying for Link {
    fn reached(&self) -> Option<Reached> {
        self.folder.reached().unwrap()
    }

    fn send(&mut self, first: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.is_away.load(Ordering::SeqCst) { Err(gone()) } else { self.folder.write(first, at, bytes) }
    }

    fn confirm(&mut self) -> io::Result<()> {
        self.folder.sync()?;
        let is_gone = self.is_away.load(Ordering::SeqCst) || self.is_mute.load(Ordering::SeqCst);
        if is_gone { Err(gone()) } else { Ok(()) }
    }
}

/// A bench with a copy beside it.
struct Copied {
    bench: Bench,
    copy: PathBuf,
    is_away: Arc<AtomicBool>,
    is_mute: Arc<AtomicBool>,
}

impl Copied {
    fn new() -> Self {
        let mut bench = Bench::new();
        let copy = bench._dir.path().join("copy");
        let (is_away, is_mute) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let beside = Beside { dir: copy.clone(), is_away: Arc::clone(&is_away), is_mute: Arc::clone(&is_mute) };
        bench.settings.copies = Some(Arc::new(beside));
        Self { bench, copy, is_away, is_mute }
    }

    /// All of the folder is lost.
    fn lose(&self) {
        fs::remove_dir_all(&self.bench.settings.dir).unwrap();
    }

    /// It is taken over from the copy.
    fn restore(&self) {
        assert!(restore(&self.bench.settings, &self.copy).unwrap().bytes > 0);
    }

    fn root(&self) -> (u64, Hash) {
        let recovered = self.bench.recover().unwrap();
        (recovered.size(), recovered.root())
    }
}

#[test]
fn a_log_that_is_lost_comes_back_from_its_copy_and_goes_on_with_it() {
    let copied = Copied::new();
    let mut size = 0;
    for round in 0..3 {
        // Over several segments and starts.
        let log = copied.bench.start();
        for n in 0..200 {
            let mut long = entry(&copied.bench, size + n);
            long.tail = format!(r#","operator":"{}""#, "s".repeat(2_000)).into_bytes();
            assert_eq!(record(&log, long).index, size + n);
        }
        log.close();
        size += 200;
        let before = copied.root();
        assert_eq!(before.0, size);
        if round == 1 {
            continue;
        }
        copied.lose();
        let restored = restore(&copied.bench.settings, &copied.copy).unwrap();
        assert!(restored.guard && restored.bytes > 400_000);
        assert_eq!(copied.root(), before);
        assert_eq!(restore(&copied.bench.settings, &copied.copy).unwrap().bytes, 0);
    }
    assert!(copied.bench.segments().len() > 3);
}

#[test]
fn while_the_copy_is_away_nothing_is_taken_and_what_was_under_way_counts_once_it_is_back() {
    let copied = Copied::new();
    let log = copied.bench.start();
    record(&log, entry(&copied.bench, 0));
    copied.is_mute.store(true, Ordering::SeqCst);
    // It arrives there, and nobody says so.
    let ticket = log.submit(entry(&copied.bench, 1), false, || true).unwrap();
    assert!(eventually(|| log.metrics().not_recordable.contains(&Cause::Copy)));
    assert!(!log.recordable() && log.size() == 1, "what the copy has not counts nowhere");
    assert!(log.submit(entry(&copied.bench, 2), false, || true).is_err());
    copied.is_mute.store(false, Ordering::SeqCst);
    assert_eq!(ticket.wait().unwrap().index, 1);
    assert!(eventually(|| log.recordable()));
    copied.is_away.store(true, Ordering::SeqCst);
    let ticket = log.submit(entry(&copied.bench, 3), false, || true).unwrap();
    assert!(eventually(|| !log.recordable()));
    copied.is_away.store(false, Ordering::SeqCst);
    assert_eq!(ticket.wait().unwrap().index, 2);
    log.close();
    let before = copied.root();
    copied.lose();
    copied.restore();
    assert_eq!(copied.root(), before);
}

#[test]
fn a_log_that_was_started_again_and_again_without_the_copy_goes_on_with_it() {
    let copied = Copied::new();
    filled(&copied.bench, 1);
    copied.is_away.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let log = copied.bench.start();
        assert!(eventually(|| !log.recordable()));
        log.close();
    }
    copied.is_away.store(false, Ordering::SeqCst);
    let log = copied.bench.start();
    assert_eq!(record(&log, entry(&copied.bench, 1)).index, 1);
    log.close();
}

#[test]
fn a_log_that_closes_while_the_copy_is_away_ends_and_says_nothing_is_recorded() {
    let copied = Copied::new();
    let log = copied.bench.start();
    record(&log, entry(&copied.bench, 0));
    copied.is_away.store(true, Ordering::SeqCst);
    let ticket = log.submit(entry(&copied.bench, 1), false, || true).unwrap();
    assert!(eventually(|| !log.recordable()));
    log.close();
    assert!(ticket.wait().is_err());
    copied.is_away.store(false, Ordering::SeqCst);
    let log = copied.bench.start();
    assert_eq!(record(&log, entry(&copied.bench, 2)).index, 2, "it stands in the log, and nobody was told");
    log.close();
    let before = copied.root();
    copied.lose();
    copied.restore();
    assert_eq!(copied.root(), before);
}

/// The one segment of a copy.
fn kept(copied: &Copied) -> PathBuf {
    let [one] = <[_; 1]>::try_from(segment::list(&copied.copy).unwrap()).unwrap();
    one.path
}

fn says(copied: &Copied, what: &str) -> bool {
    eventually(|| copied.bench.reports().iter().any(|line| line.contains(what)))
}

#[test]
fn a_batch_that_only_the_copy_has_is_taken_over_before_the_log_goes_on() {
    let copied = Copied::new();
    filled(&copied.bench, 3);
    let whole = copied.root();
    // Power was lost: the last batch did not reach this disk, and what it was published by neither.
    let segment = copied.bench.segments().pop().unwrap();
    let end = fs::metadata(kept(&copied)).unwrap().len();
    let leaf = copied.bench.recover().unwrap().leaves(2).next().unwrap().unwrap().1.len();
    let batch = FRAME_HEAD_LEN + leaf + TRAILER_LEN;
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(&vec![0; batch], end - batch as u64).unwrap();
    fs::remove_dir_all(copied.bench.log()).unwrap();
    fs::remove_file(&copied.bench.settings.rollback_guard).unwrap();
    assert_eq!(restore(&copied.bench.settings, &copied.copy).unwrap().bytes, batch as u64);
    assert_eq!(copied.root(), whole);
    // Without that it does not go on.
    file.write_all_at(&vec![0; batch], end - batch as u64).unwrap();
    let log = copied.bench.start();
    assert!(says(&copied, "longer than the log"));
    assert!(log.submit(entry(&copied.bench, 9), false, || true).is_err());
    log.close();
    assert_eq!(fs::metadata(kept(&copied)).unwrap().len(), end, "it is left as it is");
}

#[test]
fn a_copy_of_other_records_or_a_damaged_one_is_not_gone_on_with() {
    let (copied, other) = (Copied::new(), Copied::new());
    filled(&copied.bench, 2);
    let log = other.bench.start();
    for n in 0..2 {
        record(&log, entry_at(other.bench.clock.now(), "bulk", n));
    }
    log.close();
    let whole = fs::read(kept(&copied)).unwrap();
    let damaged = [&whole[..200], b"!", &whole[201..]].concat();
    for (bytes, why) in [(fs::read(kept(&other)).unwrap(), "other records"), (damaged, "is damaged")] {
        fs::write(kept(&copied), &bytes).unwrap();
        let log = copied.bench.start();
        assert!(says(&copied, why), "{why}");
        assert!(log.submit(entry(&copied.bench, 9), false, || true).is_err());
        log.close();
        assert_eq!(fs::read(kept(&copied)).unwrap(), bytes, "it is left as it is");
        let refused = restore(&copied.bench.settings, &copied.copy).unwrap_err();
        assert!(matches!(refused, RestoreError::Contradicts { .. }), "{refused}");
    }
    let nowhere = restore(&copied.bench.settings, copied.bench._dir.path()).unwrap_err();
    assert!(matches!(nowhere, RestoreError::NoCopy(_)), "{nowhere}");
    // What did not arrive whole is sent again.
    fs::write(kept(&copied), &whole[..whole.len() - 7]).unwrap();
    let log = copied.bench.start();
    assert_eq!(record(&log, entry(&copied.bench, 2)).index, 2);
    log.close();
    let before = copied.root();
    copied.lose();
    copied.restore();
    assert_eq!(copied.root(), before);
}

#[test]
fn a_folder_that_another_took_over_from_does_not_go_on_with_the_copy() {
    let copied = Copied::new();
    filled(&copied.bench, 2);
    let lost = copied.bench.settings.dir.with_extension("lost");
    fs::rename(&copied.bench.settings.dir, &lost).unwrap();
    copied.restore();
    let log = copied.bench.start();
    record(&log, entry(&copied.bench, 2));
    log.close();
    // It comes back, with all that it had, its own rollback guard too.
    copied.lose();
    fs::rename(&lost, &copied.bench.settings.dir).unwrap();
    let log = copied.bench.start();
    assert!(says(&copied, "another folder of this log"));
    assert!(log.submit(entry(&copied.bench, 3), false, || true).is_err());
    log.close();
}

/// A log over several segments, kept in a copy; what was published of it, and the copy's segments.
fn several_segments(copied: &Copied) -> (PathBuf, Vec<PathBuf>) {
    let log = copied.bench.start();
    let tickets: Vec<_> =
        (0..900).map(|n| log.submit(super::release::long(&copied.bench, n), false, || true).unwrap()).collect();
    tickets.into_iter().for_each(|ticket| assert!(ticket.wait().unwrap().index < 900));
    assert!(log.drain(Duration::from_secs(20)));
    log.close();
    let published = copied.bench._dir.path().join("published");
    copy_folder(&copied.bench.log(), &published);
    (published, copy_segments(copied))
}

fn copy_segments(copied: &Copied) -> Vec<PathBuf> {
    segment::list(&copied.copy).unwrap().into_iter().map(|named| named.path).collect()
}

#[test]
fn segments_of_a_copy_go_once_a_published_log_has_what_they_have() {
    let copied = Copied::new();
    let (published, before) = several_segments(&copied);
    let whole = copied.root();
    let removed = prune_copy(&copied.copy, &published).unwrap();
    let left = copy_segments(&copied);
    assert!(removed.segments >= 2 && removed.bytes > 0, "{removed:?}");
    assert_eq!(left, before[removed.segments..], "the oldest go");
    assert_eq!(prune_copy(&copied.copy, &published).unwrap(), Released::default(), "there is no more to go");
    // It is gone on with, and the log comes back from what was published and what is left of the copy.
    let log = copied.bench.start();
    assert_eq!(record(&log, entry(&copied.bench, 900)).index, 900);
    log.close();
    let after = copied.root();
    assert_ne!(after, whole);
    copied.lose();
    copy_folder(&published, &copied.bench.log());
    copied.restore();
    assert_eq!(copied.root(), after);
    let log = copied.bench.start();
    assert_eq!(record(&log, entry(&copied.bench, 901)).index, 901);
    log.close();
}

#[test]
fn no_segment_of_a_copy_goes_of_which_a_record_stands_nowhere_else() {
    let copied = Copied::new();
    let (published, before) = several_segments(&copied);
    let second = published.join(tile::entries_path(1, 256));
    let bundle = fs::read(&second).unwrap();
    // One letter of one record is another.
    let mut other = bundle.clone();
    let last = other.len() - 3;
    other[last] ^= 1;
    fs::write(&second, other).unwrap();
    let refused = prune_copy(&copied.copy, &published).unwrap_err();
    assert!(matches!(refused, RestoreError::Contradicts { .. }), "{refused}");
    fs::remove_file(&second).unwrap();
    let refused = prune_copy(&copied.copy, &published).unwrap_err();
    assert!(matches!(refused, RestoreError::Recover(RecoverError::Bundle { .. })), "{refused}");
    fs::write(&second, &bundle).unwrap();
    // A log that is behind, another log, and what is none.
    let checkpoint = published.join("checkpoint");
    let text = fs::read_to_string(&checkpoint).unwrap();
    fs::write(&checkpoint, text.replacen("\n900\n", "\n200\n", 1)).unwrap();
    assert_eq!(prune_copy(&copied.copy, &published).unwrap(), Released::default());
    fs::write(&checkpoint, text.replacen(ORIGIN, "another.example/r1", 1)).unwrap();
    let refused = prune_copy(&copied.copy, &published).unwrap_err();
    assert!(matches!(refused, RestoreError::Recover(RecoverError::OtherOrigin { .. })), "{refused}");
    fs::remove_file(&checkpoint).unwrap();
    assert!(matches!(prune_copy(&copied.copy, &published).unwrap_err(), RestoreError::Recover(_)));
    fs::write(&checkpoint, text).unwrap();
    assert!(matches!(prune_copy(&published, &published).unwrap_err(), RestoreError::NoCopy(_)));
    assert_eq!(copy_segments(&copied), before, "nothing went");
    assert!(prune_copy(&copied.copy, &published).unwrap().segments > 0);
}

#[test]
fn what_two_officers_let_go_goes_from_the_copy_too() {
    let copied = Copied::new();
    let let_go = super::pruned::filled(&copied.bench);
    let_go.log.let_go(&let_go.pruned).unwrap();
    let_go.log.close();
    let before = copy_segments(&copied);
    let log = copied.bench.log();
    // Nothing is taken for let go but what the log says.
    let pruned = fs::read(log.join("pruned")).unwrap();
    let head = PrunedHead { leaf: 899, ..let_go.pruned.head.clone() };
    fs::write(log.join("pruned"), Pruned::new(head, Vec::new()).to_bytes().unwrap()).unwrap();
    let refused = prune_copy(&copied.copy, &log).unwrap_err();
    assert!(matches!(refused, RestoreError::Recover(RecoverError::Pruned { .. })), "{refused}");
    assert_eq!(copy_segments(&copied), before);
    fs::write(log.join("pruned"), pruned).unwrap();
    assert!(prune_copy(&copied.copy, &log).unwrap().segments > 0);
    let after = copied.root();
    let kept = copied.bench._dir.path().join("kept");
    copy_folder(&log, &kept);
    copied.lose();
    copy_folder(&kept, &log);
    copied.restore();
    assert_eq!(copied.root(), after);
}
