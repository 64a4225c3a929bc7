//! The log as it stands on disk, read by hand: checkpoint, entry bundles, leaf hashes. Nothing of `credit-audit` but the
//! names of files.

use std::{fmt, fs, path::Path};

use credit_audit::tile::entries_path;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One leaf.
#[derive(Clone)]
pub struct Leaf {
    /// Its place in the log.
    pub index: u64,
    /// Its bytes, as stored and hashed.
    pub bytes: Vec<u8>,
    /// What they say.
    pub json: Value,
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leaf {}: {}", self.index, String::from_utf8_lossy(&self.bytes))
    }
}

impl Leaf {
    /// Every leaf below the checkpoint of a log folder.
    #[must_use]
    pub fn all(log: &Path) -> Vec<Self> {
        let size = published(log);
        (0..size.div_ceil(256)).flat_map(|number| bundle(log, number, size)).collect()
    }

    /// The leaf at an index, where it is published.
    #[must_use]
    pub fn at(log: &Path, index: u64) -> Option<Self> {
        let size = published(log);
        (index < size).then(|| bundle(log, index / 256, size).swap_remove(usize::try_from(index % 256).unwrap()))
    }

    /// SHA-256(0x00 ‖ leaf), RFC 6962.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update([0]).chain_update(&self.bytes).finalize().into()
    }

    /// A member that is text; empty where it is not there.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.json.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The account of the operating system that acted; empty where somebody else did.
    #[must_use]
    pub fn account(&self) -> &str {
        self.json.pointer("/actor/account").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its keys in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        crate::wire::keys(&self.bytes)
    }
}

/// The size that the checkpoint says; 0 where there is none yet.
fn published(log: &Path) -> u64 {
    let Ok(note) = fs::read_to_string(log.join("checkpoint")) else { return 0 };
    note.lines().nth(1).and_then(|line| line.parse().ok()).expect("a checkpoint's second line is its size")
}

fn bundle(log: &Path, number: u64, size: u64) -> Vec<Leaf> {
    let width = u16::try_from((size - number * 256).min(256)).unwrap();
    // A partial bundle may have given way to the full one since the checkpoint was read.
    let bytes = fs::read(log.join(entries_path(number, width)))
        .or_else(|_| fs::read(log.join(entries_path(number, 256))))
        .expect("an entry bundle");
    let mut rest = &bytes[..];
    let mut leaves = Vec::new();
    while leaves.len() < usize::from(width) {
        let (length, tail) = rest.split_first_chunk::<2>().expect("a length");
        let (leaf, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
        let json = serde_json::from_slice(leaf).expect("a leaf is JSON");
        leaves.push(Leaf { index: number * 256 + leaves.len() as u64, bytes: leaf.to_vec(), json });
        rest = tail;
    }
    leaves
}
