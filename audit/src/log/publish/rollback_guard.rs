//! The rollback guard: a small file, best on another device, that remembers the last signed size and root. A log
//! folder that was rolled back to an older state contradicts it. It also fences: of two gateways that share one guard,
//! at most one signs.
//!
//! Two slots of 4,096 bytes, written in turn: `"CG2ND\0\0\2"` ‖ turn (8) ‖ size (8) ‖ root (32) ‖ SHA-256 of the origin
//! (32) ‖ id of the last start (16, `instance.rs`) ‖ CRC-32C of all before (4), big-endian, zeros to the end. The valid
//! slot with the higher turn counts, so a slot torn while it was written leaves the one before.
//!
//! The file is locked while the log is open. Locks can fail without a word on network file systems, so the file is also
//! read back before each write: its content must be what this process read or wrote last. It must be the same file too:
//! one that was put in its place, even with the same content, is not locked, and this process would write to the old one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::instance::InstanceId;
use crate::log::disk::block::{Fields, Reader, origin_hash};
use crate::log::disk::failure::{Probe, Step, at_path, is_lack_of_room};
use crate::log::disk::files;
use crate::log::error::{RecoverError, read_error};
use crate::merkle::Hash;

const MAGIC: [u8; 8] = *b"CG2ND\0\0\x02";
/// What an earlier release wrote, without the id of a start.
const EARLIER_MAGIC: [u8; 8] = *b"CG2ND\0\0\x01";
/// A slot is a page of its own, so that writing one cannot harm the other.
const SLOT: usize = 4096;
const CRC_AT: usize = 104;

/// The open file and what it says.
#[derive(Debug)]
pub(crate) struct RollbackGuard {
    /// Locked for as long as it is open.
    file: File,
    path: PathBuf,
    /// The whole file as it was read or written last.
    bytes: Vec<u8>,
    last: Slot,
}

/// Why a size was not remembered.
#[derive(Debug)]
pub(crate) enum Forgotten {
    /// The file cannot be looked at or written now, and nothing was written: it is tried again.
    Away(io::Error),
    /// It is another file, or nobody can say what was written: this process may not sign any more.
    Failed(io::Error),
}

#[derive(Debug, Clone)]
struct Slot {
    turn: u64,
    size: u64,
    root: Hash,
    origin: Hash,
    instance: InstanceId,
}

impl RollbackGuard {
    /// Opens and locks the file; `None` when there is none.
    pub(crate) fn open(path: &Path, origin: &str) -> Result<Option<Self>, RecoverError> {
        let io_error = |source| read_error(path, source);
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RecoverError::Locked(path.to_owned())),
            Err(TryLockError::Error(source)) => {
                return Err(RecoverError::Io { doing: "locking", path: path.to_owned(), source });
            }
        }
        // The name may have gone to another file since it was opened; then the lock says nothing.
        if !is_named(&file, path).map_err(io_error)? {
            return Err(RecoverError::Locked(path.to_owned()));
        }
        Self::read(file, path, origin).map(Some)
    }

    /// Opens the file of a log that is in use, to read what it says and never to write; `None` when there is none.
    pub(crate) fn look(path: &Path, origin: &str) -> Result<Option<Self>, RecoverError> {
        match File::open(path) {
            Ok(file) => Self::read(file, path, origin).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(read_error(path, error)),
        }
    }

    fn read(file: File, path: &Path, origin: &str) -> Result<Self, RecoverError> {
        let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
        let Some(last) = bytes.chunks(SLOT).filter_map(Slot::decode).max_by_key(|slot| slot.turn) else {
            let earlier = bytes.chunks(SLOT).any(|slot| slot.starts_with(&EARLIER_MAGIC));
            let path = path.to_owned();
            return Err(if earlier {
                RecoverError::EarlierRelease(path)
            } else {
                RecoverError::RollbackGuardDamaged(path)
            });
        };
        if last.origin != origin_hash(origin) {
            return Err(RecoverError::OtherOrigin { path: path.to_owned(), wanted: origin.to_owned() });
        }
        Ok(Self { file, path: path.to_owned(), bytes, last })
    }

    /// Makes the file of a log of which so much was signed, for the start with this id. It appears whole, with both slots
    /// written, and never in the place of another.
    pub(crate) fn create(path: &Path, origin: &str, instance: InstanceId, (size, root): (u64, Hash)) -> io::Result<()> {
        let slot = Slot { turn: 0, size, root, origin: origin_hash(origin), instance };
        let mut bytes = slot.encode().to_vec();
        bytes.extend_from_slice(&Slot { turn: 1, ..slot }.encode());
        files::create(path, &bytes)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The last signed size.
    pub(crate) fn size(&self) -> u64 {
        self.last.size
    }

    /// The root at that size.
    pub(crate) fn root(&self) -> Hash {
        self.last.root
    }

    /// The id of the last start.
    pub(crate) fn instance(&self) -> &InstanceId {
        &self.last.instance
    }

    /// Makes this start the last one, durably. Whoever else has the file finds that out before it signs again.
    pub(crate) fn claim(&mut self, instance: InstanceId, probe: &Probe) -> io::Result<()> {
        probe.at(Step::Claim)?;
        self.look_again()?;
        self.write(Slot { turn: self.last.turn + 1, instance, ..self.last.clone() })
    }

    /// Remembers a size that is about to be signed, durably. A size up to the remembered one changes nothing.
    ///
    /// # Errors
    /// [`Forgotten`]: nothing may be signed.
    pub(crate) fn remember(&mut self, size: u64, root: Hash, probe: &Probe) -> Result<(), Forgotten> {
        if size <= self.last.size {
            return Ok(());
        }
        probe.at(Step::RollbackGuard).map_err(Forgotten::Failed)?;
        self.look_again().map_err(|error| match error.kind() {
            // It may come back: a mount, a server, a file that was moved away.
            io::ErrorKind::Other => Forgotten::Failed(error),
            _ => Forgotten::Away(at_path(&error, &self.path)),
        })?;
        self.write(Slot { turn: self.last.turn + 1, size, root, ..self.last.clone() }).map_err(|error| {
            // Refused before a byte was written. Were some of them written all the same, the next look would find them.
            if matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem) || is_lack_of_room(&error) {
                Forgotten::Away(at_path(&error, &self.path))
            } else {
                Forgotten::Failed(error)
            }
        })
    }

    /// Whether the file under its name is still the one that this process wrote last. By its name, so that a file put in
    /// its place is noticed too. An error of kind `Other`: it is another one.
    fn look_again(&self) -> io::Result<()> {
        if is_named(&self.file, &self.path)? && fs::read(&self.path)? == self.bytes {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "`{}` is not the file that this process wrote last: it was replaced, or another process uses it, perhaps a \
             gateway on a copy of this data folder",
            self.path.display()
        )))
    }

    fn write(&mut self, slot: Slot) -> io::Result<()> {
        let (encoded, at) = (slot.encode(), slot.turn % 2 * SLOT as u64);
        self.file.write_all_at(&encoded, at)?;
        // Crash here: the slot is old, new or torn; the other slot still holds the last size that was signed.
        self.file.sync_data()?;
        // Crash from here on: the log must hold at least `size` leaves. It does: they were durable before.
        if let Some(place) = self.bytes.chunks_mut(SLOT).nth((slot.turn % 2) as usize) {
            place.copy_from_slice(&encoded);
        }
        self.last = slot;
        Ok(())
    }
}

/// Whether this is still the name of the open file.
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, named) = (file.metadata()?, fs::metadata(path)?);
    Ok((opened.dev(), opened.ino()) == (named.dev(), named.ino()))
}

impl Slot {
    fn encode(&self) -> [u8; SLOT] {
        let mut fields = Fields::<SLOT>::new();
        fields.put(&MAGIC);
        fields.put(&self.turn.to_be_bytes());
        fields.put(&self.size.to_be_bytes());
        fields.put(&self.root);
        fields.put(&self.origin);
        fields.put(&self.instance);
        fields.seal(CRC_AT)
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let mut reader = Reader::open(slot, CRC_AT, MAGIC)?;
        let (turn, size) = (reader.u64()?, reader.u64()?);
        Some(Self { turn, size, root: reader.array()?, origin: reader.array()?, instance: reader.array()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::temp_dir;
    use crate::merkle::empty_root;

    fn open(path: &Path) -> RollbackGuard {
        RollbackGuard::open(path, "a/b").unwrap().unwrap()
    }

    #[test]
    fn a_torn_slot_leaves_the_size_before() {
        let dir = temp_dir();
        let path = dir.path().join("second-place");
        RollbackGuard::create(&path, "a/b", [9; 16], (0, empty_root())).unwrap();
        let mut guard = open(&path);
        for size in 1..=5 {
            guard.remember(size, [size as u8; 32], &Probe::default()).unwrap();
        }
        drop(guard);
        let whole = fs::read(&path).unwrap();
        // Turn 6 went to slot 0 (size 5), turn 5 to slot 1 (size 4).
        for at in 0..CRC_AT + 4 {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            fs::write(&path, &torn).unwrap();
            let guard = open(&path);
            assert_eq!((guard.size(), guard.root(), guard.instance()), (4, [4; 32], &[9; 16]), "byte {at}");
        }
        fs::write(&path, &whole).unwrap();
        let guard = open(&path);
        assert_eq!((guard.size(), guard.root()), (5, [5; 32]));
    }

    #[test]
    fn nothing_readable_or_another_log_is_refused() {
        let dir = temp_dir();
        let path = dir.path().join("second-place");
        assert!(RollbackGuard::open(&path, "a/b").unwrap().is_none());
        RollbackGuard::create(&path, "a/b", [9; 16], (0, empty_root())).unwrap();
        // A guard that is there is never replaced.
        assert_eq!(
            RollbackGuard::create(&path, "a/b", [8; 16], (0, empty_root())).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(open(&path).instance(), &[9; 16]);
        let other = RollbackGuard::open(&path, "a/c");
        assert!(matches!(other, Err(RecoverError::OtherOrigin { .. })));
        for content in [vec![], vec![0; 2 * SLOT], vec![1; 100]] {
            fs::write(&path, content).unwrap();
            let damaged = RollbackGuard::open(&path, "a/b");
            assert!(matches!(damaged, Err(RecoverError::RollbackGuardDamaged(_))));
        }
    }
}
