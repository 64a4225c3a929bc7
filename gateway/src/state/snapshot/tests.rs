//! Start-up by a snapshot, by several, and by none come to the same; and what is not as it was written is not used.

use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{leaf::samples, merkle, tile};

use super::*;
use crate::{
    scratch::Scratch,
    state::{
        ledger::Registered,
        random_log::{CATALOGUE, Random, log},
    },
};

const ORIGIN: &str = "credit-gateway.example/test/r1";

/// What the leaves from the projection's size on make of it.
fn folded(mut projection: Projection, leaves: &[Vec<u8>]) -> Projection {
    let from = projection.ledger.size;
    for (index, leaf) in (0..).zip(leaves).skip(usize::try_from(from).unwrap()) {
        projection.apply(&CATALOGUE, index, leaf).unwrap();
    }
    projection
}

/// The snapshot after the leaves below `until`, made from the one before.
fn advanced(old: Option<&[u8]>, leaves: &[Vec<u8>]) -> Vec<u8> {
    let old = old.map(|old| Reader::begin(Cursor::new(old)).unwrap());
    let run = match &old {
        Some((_, head)) => Projection::beyond(head.ledger.clone(), head.at, head.day),
        None => Projection::beyond(Ledger::default(), jiff::Timestamp::default(), None),
    };
    merge::merge(old, folded(run, leaves), ORIGIN, "root", Vec::new()).unwrap()
}

fn restored(snapshot: &[u8]) -> Projection {
    let (mut reader, head) = Reader::begin(Cursor::new(snapshot)).unwrap();
    let usage = usage(&mut reader, &head).unwrap();
    reader.end().unwrap();
    Projection::restored(head.ledger, usage)
}

/// As `==`, but part for part, so that the difference is seen.
#[track_caller]
fn assert_same(one: &Projection, other: &Projection, what: &str) {
    assert_eq!(one.ledger, other.ledger, "{what}");
    let (one, other) = (&one.usage, &other.usage);
    assert_eq!((one.at, &one.day), (other.at, &other.day), "{what}");
    assert_eq!(one.cases, other.cases, "{what}");
    let consents = |usage: &Usage| usage.live_consents().map(|(key, row)| (key, row.clone())).collect::<Vec<_>>();
    assert_eq!(consents(one), consents(other), "{what}");
    let withdrawals = |usage: &Usage| usage.live_withdrawals().collect::<Vec<_>>();
    assert_eq!(withdrawals(one), withdrawals(other), "{what}");
    let first = |usage: &Usage| usage.live_idempotency().map(|(key, first)| (key, *first)).collect::<Vec<_>>();
    assert_eq!(first(one), first(other), "{what}");
    assert_eq!(one, other, "{what}");
}

/// So many logs; all with `CREDIT_TESTS_FULL=1`.
fn rounds() -> u64 {
    if std::env::var_os("CREDIT_TESTS_FULL").is_some() { 100_000 } else { 300 }
}

#[test]
fn a_fold_from_zero_and_start_ups_from_snapshots_of_any_size_agree() {
    for seed in 0..rounds() {
        let mut random = Random(seed);
        let leaves = match seed % 4 {
            0 => samples::log(seed, 60),
            _ => {
                let size = 1 + random.below(80);
                log(&mut random, size)
            }
        };
        let size = leaves.len() as u64;
        let mut cuts = [0; 2].map(|_| usize::try_from(random.below(size + 1)).unwrap());
        cuts.sort_unstable();
        let zero = folded(Projection::default(), &leaves);
        let one = advanced(None, &leaves[..cuts[0]]);
        let two = advanced(Some(&one), &leaves[..cuts[1]]);
        let all = advanced(Some(&two), &leaves);
        for (snapshot, what) in [(&one, "first"), (&two, "second"), (&all, "last")] {
            assert_same(&folded(restored(snapshot), &leaves), &zero, &format!("seed {seed}, cuts {cuts:?}, {what}"));
        }
        assert_same(&restored(&all), &zero, &format!("seed {seed}, cuts {cuts:?}"));
    }
}

#[test]
fn two_logs_that_differ_in_what_counts_are_told_apart() {
    let mut random = Random(7);
    let leaves = log(&mut random, 80);
    let zero = folded(Projection::default(), &leaves);
    let last =
        leaves.iter().rposition(|leaf| String::from_utf8_lossy(leaf).contains(r#""outcome":"answered""#)).unwrap();
    let refused = String::from_utf8(leaves[last].clone()).unwrap().replace("answered", "refused");
    let mut other = leaves.clone();
    other[last] = refused.into_bytes();
    assert_ne!(folded(Projection::default(), &other), zero);
}

#[test]
fn a_leaf_that_is_none_of_ours_stops_the_fold() {
    let leaf = log(&mut Random(1), 1).remove(0);
    for broken in [&b"{}"[..], br#"{"v":2,"kind":"query"}"#, &leaf[1..]] {
        let error = Projection::default().apply(&CATALOGUE, 7, broken).unwrap_err().to_string();
        assert!(error.starts_with("leaf 7 "), "{error}");
    }
}

#[test]
fn a_later_leaf_of_the_same_institution_is_the_one_in_force() {
    let leaf = |index: u64, change: &str, rate: u64| {
        format!(
            r#"{{"v":1,"kind":"institution","id":"01900000-0000-7000-8000-{index:012x}","at":"2026-11-20T00:00:00.000000Z","actor":{{"account":"uid 0"}},"institution":"bank","change":"{change}","institution_kind":"bank","certificates":["x"],"rate_per_s":{rate},"burst":1,"distinct_subjects_a_day":1,"look_ups_a_person_a_day":1}}"#
        )
        .into_bytes()
    };
    let register = |leaves: &[Vec<u8>]| {
        let projection = folded(Projection::default(), leaves);
        projection.ledger.register().into_iter().map(|(_, said)| said.institution.clone()).collect::<Vec<_>>()
    };
    let rate_of = |said: &[Registered]| match said {
        [Registered::Changed(change)] => Some(change.rate_per_s),
        _ => None,
    };
    assert_eq!(rate_of(&register(&[leaf(0, "added", 50), leaf(1, "added", 60)])), Some(60));
    assert_eq!(rate_of(&register(&[leaf(0, "changed", 70)])), Some(70));
    assert_eq!(register(&[leaf(0, "added", 50), leaf(1, "removed", 50)]), [Registered::Removed]);
    assert_eq!(rate_of(&register(&[leaf(0, "removed", 50), leaf(1, "added", 80)])), Some(80));
}

/// A published log of 512 leaves.
fn published(folder: &Path, leaves: &[Vec<u8>]) {
    let put = |path: String, bytes: Vec<u8>| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let mut roots = Vec::new();
    for (bundle, leaves) in (0..).zip(leaves.chunks(256)) {
        let mut entries = Vec::new();
        leaves.iter().for_each(|leaf| tile::push_entry(&mut entries, leaf).unwrap());
        put(tile::entries_path(bundle, 256), entries);
        let mut hashes: Vec<_> = leaves.iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
        put(tile::path(0, bundle, 256), hashes.concat());
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| merkle::node_hash(&pair[0], &pair[1])).collect();
        }
        roots.push(hashes[0]);
        let width = u16::try_from(roots.len()).unwrap();
        put(tile::path(1, 0, width), roots.concat());
    }
}

struct OnDisk {
    _folder: Scratch,
    log: std::path::PathBuf,
    file: std::path::PathBuf,
    leaves: Vec<Vec<u8>>,
}

impl OnDisk {
    fn new(seed: u64) -> Self {
        let folder = Scratch::new();
        let (log_folder, file) = (folder.path().join("log"), folder.path().join("state.snapshot"));
        let leaves = log(&mut Random(seed), 512);
        published(&log_folder, &leaves);
        Self { _folder: folder, log: log_folder, file, leaves }
    }

    fn advance(&self, size: u64) -> u64 {
        self.advance_after(size, &Following::default()).ledger.size
    }

    fn advance_after(&self, size: u64, following: &Following) -> Projection {
        advance(&self.file, ORIGIN, &self.log, &CATALOGUE, size, following).unwrap()
    }

    fn read(&self) -> Result<Option<Projection>, ReadError> {
        read(&self.file, ORIGIN, &self.log, 512)
    }
}

#[test]
fn a_snapshot_on_disk_advances_and_is_read_as_the_fold() {
    let disk = OnDisk::new(3);
    assert!(disk.read().unwrap().is_none());
    assert_eq!(disk.advance(256), 256);
    assert_eq!(covered(&disk.file, ORIGIN), 256);
    assert_eq!(disk.read().unwrap(), Some(folded(Projection::default(), &disk.leaves[..256])));
    assert_eq!(disk.advance(512), 512);
    assert_eq!(disk.read().unwrap(), Some(folded(Projection::default(), &disk.leaves)));
}

#[test]
fn a_snapshot_with_one_bit_that_differs_is_not_used_and_is_made_again() {
    let disk = OnDisk::new(4);
    disk.advance(256);
    let whole = fs::read(&disk.file).unwrap();
    let mut random = Random(5);
    // Each byte of head and tail, and 300 others.
    let near_ends = (0..200).chain(whole.len() - 200..whole.len());
    let others = std::iter::repeat_with(|| random.below(whole.len() as u64) as usize).take(300);
    for place in near_ends.chain(others).collect::<Vec<_>>() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&disk.file, &flipped).unwrap();
        assert!(!matches!(disk.read(), Ok(Some(_))), "byte {place} of {}", whole.len());
    }
    for cut in [0, 1, 20, whole.len() / 2, whole.len() - 1] {
        fs::write(&disk.file, &whole[..cut]).unwrap();
        assert!(disk.read().is_err(), "cut at {cut}");
    }
    for place in [10, 60, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[place] ^= 4;
        fs::write(&disk.file, &flipped).unwrap();
        assert_eq!(disk.advance(512), 512);
        assert_eq!(disk.read().unwrap(), Some(folded(Projection::default(), &disk.leaves)), "byte {place}");
    }
}

#[test]
fn a_snapshot_of_another_log_of_the_same_name_is_not_used() {
    let (one, other) = (OnDisk::new(6), OnDisk::new(7));
    other.advance(256);
    fs::copy(&other.file, &one.file).unwrap();
    let error = one.read().unwrap_err();
    assert!(matches!(error, ReadError::Unusable(_)), "{error}");
    assert_eq!(one.advance(512), 512);
    assert_eq!(one.read().unwrap(), Some(folded(Projection::default(), &one.leaves)));
    assert!(read(&one.file, "another/log", &one.log, 512).unwrap().is_none());
}

#[test]
fn a_log_that_is_shorter_than_its_snapshot_is_told_from_a_damaged_snapshot() {
    let disk = OnDisk::new(8);
    disk.advance(512);
    let short = read(&disk.file, ORIGIN, &disk.log, 256).unwrap_err();
    assert!(matches!(short, ReadError::LogShort { covered: 512 }), "{short}");
}

#[test]
fn the_root_is_that_of_the_tree() {
    let disk = OnDisk::new(9);
    let mut hashes: Vec<_> = disk.leaves.iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| merkle::node_hash(&pair[0], &pair[1])).collect();
    }
    assert_eq!(root::root_at(&disk.log, 512).unwrap(), STANDARD.encode(hashes[0]));
}

/// What a follower is told of a leaf.
fn tell(following: &Following, index: u64, leaf: &[u8]) {
    let head = credit_audit::leaf::peek(leaf).unwrap();
    let parsed = credit_audit::leaf::parse_after(head).unwrap();
    following.next(&CATALOGUE, index, &head, parsed.as_ref());
}

#[test]
fn what_was_followed_since_is_not_read_again_and_amounts_to_the_same() {
    for seed in 10..14 {
        let (disk, following) = (OnDisk::new(seed), Following::default());
        assert!(!following.is_near(0, 0, 256));
        following.begin(256, disk.advance_after(256, &following));
        let told = |range: std::ops::Range<usize>| {
            for index in range {
                tell(&following, index as u64, &disk.leaves[index]);
            }
        };
        // What it has already, and what is not the next, changes nothing.
        told(200..300);
        told(310..320);
        told(0..511);
        assert!(following.is_near(256, 511, 256) && !following.is_near(0, 511, 256));
        assert!(following.take(256).is_none(), "no bundle ends there");
        told(511..512);
        assert!(!following.is_near(256, 512, 256) && following.follows(512));
        // Nothing of the log is read for it.
        fs::remove_dir_all(disk.log.join("tile/entries")).unwrap();
        let next = disk.advance_after(512, &following);
        assert_eq!(disk.read().unwrap(), Some(folded(Projection::default(), &disk.leaves)), "seed {seed}");
        assert_eq!(next.ledger, folded(Projection::default(), &disk.leaves).ledger);
    }
}

#[test]
fn what_was_followed_since_another_snapshot_is_not_used() {
    let (disk, following) = (OnDisk::new(14), Following::default());
    let beginning = Projection::beyond(Ledger::default(), jiff::Timestamp::default(), None);
    assert!(!following.is_near(0, 0, 256));
    following.begin(0, beginning);
    (0..256).for_each(|index| tell(&following, index as u64, &disk.leaves[index]));
    disk.advance(256);
    disk.advance_after(512, &following);
    assert_eq!(disk.read().unwrap(), Some(folded(Projection::default(), &disk.leaves)));
}
