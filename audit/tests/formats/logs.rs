//! Whole logs in a folder, made the plain way: every file from all leaves at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use credit_audit::checkpoint::Checkpoint;
use credit_audit::leaf::{self, Act as _, Actor, CatalogueSet, Entry, Event as _, KeyEvent, KeyState, Kind, Open};
use credit_audit::merkle::{self, HashReader as _, leaf_hash};
use credit_audit::note::{self, VerifierKey};
use credit_audit::{proof, tile};
use jiff::Timestamp;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use uuid::Uuid;

use crate::tree::Tree;

pub(crate) const ORIGIN: &str = "credit-gateway.example/2026/r1";
const START_SECONDS: i64 = 1_795_000_000;

/// A log in a folder of its own, which goes when it is dropped.
pub(crate) struct Log {
    pub(crate) folder: PathBuf,
    pub(crate) leaves: Vec<Vec<u8>>,
    origin: &'static str,
    pair: Ed25519KeyPair,
    pub(crate) key: VerifierKey,
}

/// A UUIDv7 that says its number.
pub(crate) fn id(number: u64) -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

pub(crate) fn at(number: u64) -> Timestamp {
    Timestamp::from_microsecond(START_SECONDS * 1_000_000 + i64::try_from(number).unwrap() * 37).unwrap()
}

/// Leaf `number` of a log: an `open`, then queries of three institutions and now and then a leaf of no institution.
pub(crate) fn leaf_of(number: u64) -> Vec<u8> {
    if number == 0 {
        let open = Open { origin: ORIGIN.to_owned(), previous: None, software: "test".to_owned() };
        return leaf::render(&open.entry(id(0)).unwrap(), at(0), 0);
    }
    let institutions = ["bank", "employer", "housing"];
    let (institution, seq) = match number % 10 {
        0 => (None, 0),
        other => {
            // Three of each in every ten.
            let nth = (other - 1) / 3;
            (Some(institutions[usize::try_from(nth).unwrap()].to_owned()), (number / 10) * 3 + (other - 1) % 3 + 1)
        }
    };
    let kind = if institution.is_some() { Kind::Query } else { Kind::Flood };
    let tail = format!(r#","operator":"staff-{}","outcome":"answered"{}"#, number % 7, r#","x":"征""#.repeat(3));
    let entry = Entry { kind, id: id(number), actor: None, institution, tail: tail.into_bytes(), shared: None };
    leaf::render(&entry, at(number), seq)
}

/// The leaf that brings a catalogue into force, at the time of leaf 0.
pub(crate) fn catalogue_set(label: &str) -> Vec<u8> {
    let set = CatalogueSet { label: label.to_owned(), files: Vec::new() };
    let number = label.bytes().map(u64::from).sum::<u64>();
    leaf::render(&set.entry(id(1_000_100 + number)).unwrap(), at(0), 0)
}

/// The leaf that introduces a data key, at the time of leaf 0.
pub(crate) fn data_key(key: &str) -> Vec<u8> {
    let event = KeyEvent {
        key: key.to_owned(),
        use_: "data".to_owned(),
        state: KeyState::Active,
        fingerprint: None,
        activates: None,
        part: None,
    };
    leaf::render(&event.entry(id(1_000_002), Actor::gateway()).unwrap(), at(0), 0)
}

impl Log {
    /// An empty folder and a key.
    pub(crate) fn new() -> Self {
        Self::named(ORIGIN)
    }

    fn named(origin: &'static str) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("log-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        let key = VerifierKey::new(origin, pair.public_key().as_ref().try_into().unwrap()).unwrap();
        fs::write(folder.join("log.vkey"), format!("{key}\n")).unwrap();
        Self { folder, leaves: Vec::new(), origin, pair, key }
    }

    /// A log of this many leaves, published as it grew: at each of these sizes, the last one last.
    pub(crate) fn of_sizes(sizes: &[u64]) -> Self {
        let mut log = Self::new();
        for size in sizes {
            let from = log.leaves.len() as u64;
            log.leaves.extend((from..*size).map(leaf_of));
            log.publish();
        }
        log
    }

    /// A log of exactly these leaves, under another name.
    pub(crate) fn of_origin(origin: &'static str, leaves: Vec<Vec<u8>>) -> Self {
        let mut log = Self::named(origin);
        log.leaves = leaves;
        log.publish();
        log
    }

    /// A log of exactly these leaves.
    pub(crate) fn of_leaves(leaves: Vec<Vec<u8>>) -> Self {
        let mut log = Self::new();
        log.leaves = leaves;
        log.publish();
        log
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::of(self.leaves.iter().cloned())
    }

    /// Writes the files of this size and its checkpoint.
    pub(crate) fn publish(&self) {
        self.publish_tiles();
        self.write("checkpoint", self.checkpoint().as_bytes());
    }

    /// Writes bundles, then tiles from the lowest level up; files that are there already are left.
    pub(crate) fn publish_tiles(&self) {
        let tree = self.tree();
        for index in 0.. {
            let width = tile::width_at(0, index, self.size());
            let path = tile::entries_path(index, width);
            if width == 0 {
                break;
            }
            if !self.folder.join(&path).exists() {
                let from = usize::try_from(index * 256).unwrap();
                let mut bundle = Vec::new();
                for leaf in &self.leaves[from..from + usize::from(width)] {
                    tile::push_entry(&mut bundle, leaf).unwrap();
                }
                self.write(&path, &bundle);
            }
        }
        for level in 0..tile::MAX_LEVELS {
            for index in 0.. {
                let width = tile::width_at(level, index, self.size());
                if width == 0 {
                    break;
                }
                let path = tile::path(level, index, width);
                if !self.folder.join(&path).exists() {
                    self.write(&path, &tree.tile(level, index, width).unwrap());
                }
            }
        }
    }

    /// Removes partial tiles whose full tile is there.
    pub(crate) fn clean_up(&self) {
        for path in self.files() {
            let Some((full, _)) = path.split_once(".p/") else { continue };
            if self.folder.join(full).exists() {
                fs::remove_file(self.folder.join(&path)).unwrap();
            }
        }
    }

    pub(crate) fn signed(&self, checkpoint: &Checkpoint) -> String {
        self.signed_text(&checkpoint.to_text())
    }

    pub(crate) fn signed_text(&self, text: &str) -> String {
        let sign = |text: &[u8]| self.pair.sign(text).as_ref().try_into().unwrap();
        note::sign(self.origin, self.key.id(), text, sign)
    }

    pub(crate) fn head(&self) -> Checkpoint {
        let root = merkle::root(self.size(), &self.tree()).unwrap();
        Checkpoint { origin: self.origin.to_owned(), size: self.size(), root }
    }

    pub(crate) fn checkpoint(&self) -> String {
        self.signed(&self.head())
    }

    pub(crate) fn receipt(&self, index: u64) -> String {
        let path = merkle::inclusion_proof(index, self.size(), &self.tree()).unwrap();
        proof::format(index, &path, &self.checkpoint())
    }

    /// Writes a file as a publisher does: it is whole or it is not there.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let place = self.folder.join(path);
        let parent = place.parent().unwrap();
        fs::create_dir_all(parent).unwrap();
        let temporary = parent.join(".new");
        fs::write(&temporary, bytes).unwrap();
        fs::rename(&temporary, &place).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.join(path)).unwrap()
    }

    /// Every file below `tile/`, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec!["tile".to_owned()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(self.folder.join(&folder)) else { continue };
            for entry in entries {
                let entry = entry.unwrap();
                let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn hash(&self, index: u64) -> merkle::Hash {
        leaf_hash(&self.leaves[usize::try_from(index).unwrap()])
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // What is left over is below the build's own folder.
        fs::remove_dir_all(&self.folder).unwrap_or_default();
    }
}
