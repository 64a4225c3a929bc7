//! The log's own folder, as it is published.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use credit_audit::{
    checkpoint::Checkpoint,
    evidence,
    merkle::HASH_LEN,
    note::VerifierKey,
    pruned::{PRUNED, PrunedHead},
    tile::{self, FULL_WIDTH, LONGEST_BUNDLE, TileKind, TileName, between},
};

use super::fault::ObjectFault;

/// Largest checkpoint that is read; with the lines of many witnesses.
pub(super) const LONGEST_CHECKPOINT: usize = 64 * 1024;

/// A signed checkpoint.
pub(super) struct Signed {
    pub(super) note: String,
    pub(super) checkpoint: Checkpoint,
}

/// `<data>/log`, and the key by which it is signed.
pub(crate) struct Published {
    folder: PathBuf,
    key: VerifierKey,
}

impl Published {
    /// Of a folder.
    pub(crate) fn new(folder: PathBuf, key: VerifierKey) -> Self {
        Self { folder, key }
    }

    /// The key.
    pub(super) fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The checkpoint.
    pub(super) fn checkpoint(&self) -> Result<Signed, ObjectFault> {
        let path = self.folder.join("checkpoint");
        let wrong = |why: String| ObjectFault::OwnFile(path.clone(), why);
        let note = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let checkpoint = Checkpoint::open(&note, &self.key).map_err(|error| wrong(error.to_string()))?;
        Ok(Signed { note, checkpoint })
    }

    /// The records before this one were let go by two officers: their bundles are gone here, and not asked for there.
    pub(super) fn let_go(&self) -> Result<u64, ObjectFault> {
        let head = PrunedHead::read(&self.folder, Some(self.key.name()));
        let wrong = |error: std::io::Error| ObjectFault::OwnFile(self.folder.join(PRUNED), error.to_string());
        Ok(head.map_err(wrong)?.map_or(0, |head| head.until))
    }

    /// What is left of those records: the file `pruned`, where there is one.
    pub(super) fn pruned(&self) -> Result<Option<Vec<u8>>, ObjectFault> {
        let path = self.folder.join(PRUNED);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ObjectFault::OwnFile(path, error.to_string())),
        }
    }

    /// Whether the log is, or continues, what a checkpoint is of.
    pub(super) fn continues(&self, checkpoint: &Checkpoint) -> Result<bool, ObjectFault> {
        Ok(evidence::is_head_of(&self.folder, checkpoint)?)
    }

    /// A tile or bundle, exactly as wide as asked: a partial one that was tidied away is the beginning of the full one. What
    /// the tree does not have is none: a file that rots here must not go where it is sound.
    pub(super) fn read(&self, name: &TileName) -> Result<Vec<u8>, ObjectFault> {
        let bytes = self.read_unchecked(name)?;
        if evidence::is_of_tree(&self.folder, name, &bytes)? {
            return Ok(bytes);
        }
        let path = self.folder.join(name.path());
        Err(ObjectFault::OwnFile(path, "is not what the tree has there; see the duty `scrub`".to_owned()))
    }

    fn read_unchecked(&self, name: &TileName) -> Result<Vec<u8>, ObjectFault> {
        let path = self.folder.join(name.path());
        let wrong = |path: &Path, why: String| ObjectFault::OwnFile(path.to_owned(), why);
        match fs::read(&path) {
            Err(_) if name.width < FULL_WIDTH => {
                let full = self.folder.join(TileName { width: FULL_WIDTH, ..*name }.path());
                let bytes = fs::read(&full).map_err(|error| wrong(&path, error.to_string()))?;
                let beginning = beginning(name, &bytes).map(<[u8]>::to_vec);
                beginning.ok_or_else(|| wrong(&full, "is too short".to_owned()))
            }
            read => read.map_err(|error| wrong(&path, error.to_string())),
        }
    }
}

/// The first entries or hashes, as many as the name is wide.
fn beginning<'a>(name: &TileName, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let width = usize::from(name.width);
    match name.kind {
        TileKind::Hashes(_) => bytes.get(..width * HASH_LEN),
        TileKind::Entries => {
            let entries: Result<Vec<_>, _> = tile::entries(bytes).take(width).collect();
            let entries = entries.ok().filter(|entries| entries.len() == width)?;
            bytes.get(..entries.iter().map(|entry| 2 + entry.len()).sum())
        }
    }
}

/// The tiles and bundles between two sizes that a log has of which the records before `let_go` were let go.
pub(super) fn names(from: u64, to: u64, let_go: u64) -> impl Iterator<Item = TileName> + Send {
    let is_gone = move |name: &TileName| name.kind == TileKind::Entries && name.index < let_go / u64::from(FULL_WIDTH);
    between(from, to).filter(move |name| !is_gone(name))
}

/// How long a tile or bundle may be.
pub(super) fn longest(name: &TileName) -> usize {
    match name.kind {
        TileKind::Hashes(_) => usize::from(name.width) * HASH_LEN,
        TileKind::Entries => LONGEST_BUNDLE,
    }
}

#[cfg(test)]
mod tests {
    use credit_audit::merkle::leaf_hash;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn bundles_that_were_let_go_are_not_asked_for() {
        let paths = |let_go| names(0, 600, let_go).map(|name| name.path()).collect::<Vec<_>>();
        let all = ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88", "tile/0/000", "tile/0/001"];
        assert_eq!(paths(0)[..5], all);
        assert_eq!(paths(512)[..3], all[2..]);
    }

    #[test]
    fn a_partial_tile_that_is_gone_is_the_beginning_of_the_full_one() {
        let folder = Scratch::new();
        let key = VerifierKey::new("log.example/r1", [3; 32]).unwrap();
        let log = Published::new(folder.path().to_owned(), key);
        let name = |kind, width| TileName { kind, index: 0, width };
        let leaves: Vec<Vec<u8>> = (0..=255u8).map(|nr| vec![nr; usize::from(nr) % 3]).collect();
        let (mut bundle, mut hashes) = (Vec::new(), Vec::new());
        for leaf in &leaves {
            tile::push_entry(&mut bundle, leaf).unwrap();
            hashes.extend(leaf_hash(leaf));
        }
        fs::create_dir_all(folder.path().join("tile/0")).unwrap();
        fs::create_dir_all(folder.path().join("tile/1/000.p")).unwrap();
        fs::create_dir_all(folder.path().join("tile/entries")).unwrap();
        fs::write(folder.path().join("tile/0/000"), &hashes).unwrap();
        fs::write(folder.path().join("tile/entries/000"), &bundle).unwrap();
        assert_eq!(log.read(&name(TileKind::Hashes(0), 3)).unwrap(), hashes[..96]);
        assert_eq!(log.read(&name(TileKind::Entries, 3)).unwrap(), b"\0\0\0\x01\x01\0\x02\x02\x02");
        assert_eq!(log.read(&name(TileKind::Entries, 256)).unwrap(), bundle);
        assert!(log.read(&name(TileKind::Hashes(0), 256)).is_err(), "nothing above it says so");
        assert!(log.read(&name(TileKind::Hashes(1), 4)).is_err(), "nothing is there");
        // What the tile above says is not what is there.
        fs::write(folder.path().join("tile/1/000.p/1"), [7; HASH_LEN]).unwrap();
        assert!(log.read(&name(TileKind::Hashes(0), 256)).is_err());
        fs::write(folder.path().join("tile/entries/000"), [&b"\0\x01x"[..], &bundle[2..]].concat()).unwrap();
        assert!(log.read(&name(TileKind::Entries, 3)).is_err(), "another entry");
        assert!(log.read(&name(TileKind::Entries, 256)).is_err());
        fs::write(folder.path().join("tile/entries/000"), &bundle[..4]).unwrap();
        assert!(log.read(&name(TileKind::Entries, 4)).is_err(), "too short");
    }
}
