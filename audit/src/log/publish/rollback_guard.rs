//! The rollback guard: a small file, best on another device, that remembers the last signed size and root. A log
//! folder that was rolled back to an older state contradicts it.
//!
//! Two slots of 4,096 bytes, written in turn: `"CG2ND\0\0\1"` ‖ turn (8) ‖ size (8) ‖ root (32) ‖ SHA-256 of the origin
//! (32) ‖ CRC-32C of all before (4), big-endian, zeros to the end. The valid slot with the higher turn counts, so a
//! slot torn while it was written leaves the one before.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::log::disk::block::{Fields, Reader, origin_hash};
use crate::log::disk::failure::{Probe, Step};
use crate::log::disk::files;
use crate::log::error::{RecoverError, read_error};
use crate::merkle::{self, Hash};

const MAGIC: [u8; 8] = *b"CG2ND\0\0\x01";
/// A slot is a page of its own, so that writing one cannot harm the other.
const SLOT: usize = 4096;
const CRC_AT: usize = 88;

/// The open file and what it says.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    file: File,
    path: PathBuf,
    origin: Hash,
    turn: u64,
    size: u64,
    root: Hash,
}

impl RollbackGuard {
    /// Opens the file; `None` when there is none.
    pub(crate) fn open(path: &Path, origin: &str) -> Result<Option<Self>, RecoverError> {
        let io_error = |source| read_error(path, source);
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(error)),
        };
        let bytes = std::fs::read(path).map_err(io_error)?;
        let slots = bytes.chunks(SLOT).filter_map(decode);
        let (turn, size, root, found) =
            slots.max_by_key(|(turn, ..)| *turn).ok_or_else(|| RecoverError::RollbackGuardDamaged(path.to_owned()))?;
        let origin_of_log = origin_hash(origin);
        if found != origin_of_log {
            return Err(RecoverError::OtherOrigin { path: path.to_owned(), wanted: origin.to_owned() });
        }
        Ok(Some(Self { file, path: path.to_owned(), origin: origin_of_log, turn, size, root }))
    }

    /// Makes the file of a log without leaves. It appears whole, with both slots written.
    pub(crate) fn create(path: &Path, origin: &str) -> io::Result<Self> {
        let origin = origin_hash(origin);
        let (size, root) = (0, merkle::empty_root());
        let mut bytes = encode(0, size, &root, &origin).to_vec();
        bytes.extend_from_slice(&encode(1, size, &root, &origin));
        files::replace(path, &bytes)?;
        let file = File::options().read(true).write(true).open(path)?;
        Ok(Self { file, path: path.to_owned(), origin, turn: 1, size, root })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last signed size.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The root at that size.
    pub(crate) fn root(&self) -> Hash {
        self.root
    }

    /// Remembers a size that is about to be signed, durably. A size up to the remembered one changes nothing.
    pub(crate) fn remember(&mut self, size: u64, root: Hash, probe: &Probe) -> io::Result<()> {
        if size <= self.size {
            return Ok(());
        }
        let turn = self.turn + 1;
        probe.at(Step::RollbackGuard)?;
        let slot = encode(turn, size, &root, &self.origin);
        self.file.write_all_at(&slot, turn % 2 * SLOT as u64)?;
        // Crash here: the slot is old, new or torn; the other slot still holds the last size that was signed.
        self.file.sync_data()?;
        // Crash from here on: the log must hold at least `size` leaves. It does: they were durable before.
        (self.turn, self.size, self.root) = (turn, size, root);
        Ok(())
    }
}

fn encode(turn: u64, size: u64, root: &Hash, origin: &Hash) -> [u8; SLOT] {
    let mut fields = Fields::<SLOT>::new();
    fields.put(&MAGIC);
    fields.put(&turn.to_be_bytes());
    fields.put(&size.to_be_bytes());
    fields.put(root);
    fields.put(origin);
    fields.seal(CRC_AT)
}

fn decode(slot: &[u8]) -> Option<(u64, u64, Hash, Hash)> {
    let mut reader = Reader::open(slot, CRC_AT, MAGIC)?;
    Some((reader.u64()?, reader.u64()?, reader.array()?, reader.array()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::temp_dir;

    #[test]
    fn a_torn_slot_leaves_the_size_before() {
        let dir = temp_dir();
        let path = dir.path().join("second-place");
        let mut place = RollbackGuard::create(&path, "a/b").unwrap();
        for size in 1..=5 {
            place.remember(size, [size as u8; 32], &Probe::default()).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        // Turn 6 went to slot 0 (size 5), turn 5 to slot 1 (size 4).
        for at in 0..92 {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            std::fs::write(&path, &torn).unwrap();
            let place = RollbackGuard::open(&path, "a/b").unwrap().unwrap();
            assert_eq!((place.size(), place.root()), (4, [4; 32]), "byte {at}");
        }
        std::fs::write(&path, &whole).unwrap();
        let place = RollbackGuard::open(&path, "a/b").unwrap().unwrap();
        assert_eq!((place.size(), place.root()), (5, [5; 32]));
    }

    #[test]
    fn nothing_readable_or_another_log_is_refused() {
        let dir = temp_dir();
        let path = dir.path().join("second-place");
        assert!(RollbackGuard::open(&path, "a/b").unwrap().is_none());
        drop(RollbackGuard::create(&path, "a/b").unwrap());
        let other = RollbackGuard::open(&path, "a/c");
        assert!(matches!(other, Err(RecoverError::OtherOrigin { .. })));
        for content in [vec![], vec![0; 2 * SLOT], vec![1; 100]] {
            std::fs::write(&path, content).unwrap();
            let damaged = RollbackGuard::open(&path, "a/b");
            assert!(matches!(damaged, Err(RecoverError::RollbackGuardDamaged(_))));
        }
    }
}
