//! The frames of the write-ahead log, as a start reads them. The first byte says how the rest is fed ([`Fed`]): as it
//! is, or with the checksums and roots of its batches put right, so that the fuzzer comes behind them.
//!
//! The bytes stand in a segment of a log that has signed nothing yet, which is then opened. A second reader of the
//! format, made from its description alone, says what must come of it:
//! 1. Exactly the leaves of the whole batches before the first fault, or, where something is damaged before the end of
//!    what was written, nothing.
//! 2. What held stays byte for byte, what was torn off is zeros, and a refused log is not touched.
//! 3. The log that was opened opens again with the same leaves.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use credit_audit::{
    clock::SystemClock,
    leaf,
    log::{RecoverError, Settings, recover},
    merkle::{self, Hash, leaf_hash, node_hash},
};
use ring::digest::{SHA256, digest};

use super::signer::KEY_NAME;
use crate::scratch;

const HEADER: usize = 128;
const TRAILER: usize = 64;
const MAGIC: &[u8; 8] = b"\xff\xff\xff\xffEND1";
/// Room of the segment behind what is fed.
const ROOM: usize = 512;

/// The folder of this process, in memory where that is to be had.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch::folder("frames");
    fs::create_dir_all(folder.join("wal")).expect("a folder");
    folder
});

/// How the first byte says the rest is fed: bits that are added up.
struct Fed(u8);

impl Fed {
    fn checksums(&self) -> bool {
        self.0 & 1 != 0
    }

    fn roots(&self) -> bool {
        self.0 & 2 != 0
    }

    /// Header and all, as they are.
    fn whole(&self) -> bool {
        self.0 & 4 != 0
    }
}

/// The segment file that these bytes are fed as.
#[must_use]
pub fn segment(bytes: &[u8]) -> Vec<u8> {
    let (fed, bytes) = bytes.split_first().map_or((Fed(0), bytes), |(first, rest)| (Fed(*first), rest));
    if fed.whole() {
        return bytes.to_vec();
    }
    let mut batches = bytes.to_vec();
    put_right(&mut batches, &fed);
    let mut segment = b"CGWAL\0\0\x01".to_vec();
    segment.extend_from_slice(&[0; 16]);
    segment.extend_from_slice(&((HEADER + batches.len() + ROOM) as u64).to_be_bytes());
    segment.extend_from_slice(digest(&SHA256, KEY_NAME.as_bytes()).as_ref());
    segment.resize(HEADER - 4, 0);
    segment.extend_from_slice(&crc32c::crc32c(&segment).to_be_bytes());
    segment.extend_from_slice(&batches);
    segment.resize(segment.len() + ROOM, 0);
    segment
}

/// Puts checksums and roots right, of frames and trailers that are otherwise ones.
fn put_right(batches: &mut [u8], fed: &Fed) {
    let (mut at, mut hashes) = (0, Vec::new());
    while let Some(head) = batches.get(at..at + 8) {
        if head == MAGIC {
            let Some(trailer) = batches.get_mut(at..at + TRAILER) else { return };
            if fed.roots() {
                trailer[24..56].copy_from_slice(&root(&hashes));
            }
            if fed.checksums() {
                let crc = crc32c::crc32c(&trailer[..56]);
                trailer[56..60].copy_from_slice(&crc.to_be_bytes());
            }
            at += TRAILER;
        } else {
            let len = number(head, 0);
            let Some(leaf) = batches.get(at + 8..at + 8 + len).filter(|leaf| !leaf.is_empty()) else { return };
            hashes.push(leaf_hash(leaf));
            if fed.checksums() {
                let crc = crc32c::crc32c_append(crc32c::crc32c(&batches[at..at + 4]), leaf);
                batches[at + 4..at + 8].copy_from_slice(&crc.to_be_bytes());
            }
            at += 8 + len;
        }
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("4 bytes")) as usize
}

/// MTH of RFC 6962 §2.1.
fn root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// What the second reader makes of a segment.
enum Expected {
    /// These leaves, and where the last batch of theirs ends.
    Leaves(Vec<Vec<u8>>, usize),
    Damaged,
}

fn expected(segment: &[u8]) -> Expected {
    let header = segment.get(..HEADER).filter(|header| {
        header.starts_with(b"CGWAL\0\0\x01") && number(header, 124) == crc32c::crc32c(&header[..124]) as usize
    });
    let of_this_log = header.is_some_and(|header| {
        // The first of its log, with the first leaf.
        header[8..24] == [0; 16] && header[32..64] == *digest(&SHA256, KEY_NAME.as_bytes()).as_ref()
    });
    if !of_this_log {
        return Expected::Damaged;
    }
    let (mut leaves, mut at) = (Vec::new(), HEADER);
    while let Some((batch, end)) = batch(segment, at, leaves.len()) {
        leaves.extend(batch);
        // Behind its checksum, what is no leaf was never written by the log.
        let last = leaves.last().expect("a batch is never empty");
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let trailer = &segment[end - TRAILER..end];
        if leaf::peek(last).is_err() || trailer[24..56] != root(&hashes) {
            return Expected::Damaged;
        }
        at = end;
    }
    // A trailer of a later batch proves that what lies here was written once, and passed.
    let later = (at..segment.len().saturating_sub(TRAILER - 1))
        .any(|place| trailer(&segment[place..]).is_some_and(|(_, _, frames)| place.saturating_sub(frames) > at));
    if later { Expected::Damaged } else { Expected::Leaves(leaves, at) }
}

/// The leaves of a whole batch, and its end.
fn batch(segment: &[u8], start: usize, before: usize) -> Option<(Vec<Vec<u8>>, usize)> {
    let (mut leaves, mut at) = (Vec::new(), start);
    loop {
        let head = segment.get(at..at + 8)?;
        if head == MAGIC {
            let (size, count, frames) = trailer(&segment[at..])?;
            let fits = count == leaves.len() && frames == at - start && size == (before + count) as u64 && count > 0;
            return fits.then_some((leaves, at + TRAILER));
        }
        let len = Some(number(head, 0)).filter(|len| (1..=leaf::MAX_LEAF_BYTES).contains(len))?;
        let leaf = segment.get(at + 8..at + 8 + len)?;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&head[..4]), leaf);
        (number(head, 4) == crc as usize).then_some(())?;
        leaves.push(leaf.to_vec());
        at += 8 + len;
    }
}

/// Size, count and bytes of frames of a trailer that holds.
fn trailer(bytes: &[u8]) -> Option<(u64, usize, usize)> {
    let bytes = bytes.get(..TRAILER).filter(|bytes| bytes.starts_with(MAGIC))?;
    let size = u64::from_be_bytes(bytes[8..16].try_into().expect("8 bytes"));
    (number(bytes, 56) == crc32c::crc32c(&bytes[..56]) as usize).then_some((size, number(bytes, 16), number(bytes, 20)))
}

pub(super) fn feed(bytes: &[u8]) -> bool {
    let segment = segment(bytes);
    let path = FOLDER.join("wal").join("0000000000000000.seg");
    // What the rollback guard remembers is an empty log; it is made by opening one.
    drop(fs::remove_file(&path));
    if !FOLDER.join("wal/second-place").exists() {
        open(&FOLDER).expect("an empty log");
    }
    fs::write(&path, &segment).expect("the segment");
    let opened = open(&FOLDER);
    let after = fs::read(&path).expect("the segment");
    match expected(&segment) {
        Expected::Damaged => {
            assert!(opened.is_err(), "a damaged log was opened");
            assert_eq!(after, segment, "a refused log was changed");
            false
        }
        Expected::Leaves(leaves, end) => {
            let opened = opened.expect("a log that holds was refused");
            assert_eq!(opened, leaves, "other leaves");
            assert_eq!(after[..end], segment[..end], "what held was changed");
            assert!(after[end..].iter().all(|byte| *byte == 0) && after.len() == segment.len(), "a torn end stays");
            assert_eq!(open(&FOLDER).expect("it opens again"), leaves);
            !leaves.is_empty()
        }
    }
}

fn open(folder: &Path) -> Result<Vec<Vec<u8>>, RecoverError> {
    let began = Instant::now();
    loop {
        match recover(Settings::new(folder, KEY_NAME), Arc::new(SystemClock::new())) {
            // Another test of this process may be starting a program: its child has our lock for the moment before it
            // becomes that program.
            Err(RecoverError::Locked(_)) if began.elapsed() < Duration::from_secs(10) => {
                thread::sleep(Duration::from_millis(1));
            }
            recovered => return recovered?.leaves(0).map(|leaf| leaf.map(|(_, leaf)| leaf.to_vec())).collect(),
        }
    }
}
