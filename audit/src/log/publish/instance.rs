//! Which data folder a rollback guard goes with. Each start draws a random id and writes it into the data folder and
//! into the guard; so the guard names the last start, and only the folder of that start knows the id.
//!
//! A folder that was moved takes its id along. Of a folder and its copies, the first that starts draws a new id, and
//! from then on the guard refuses all others: they know only the id before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::log::disk::block::{Fields, Reader};
use crate::log::disk::failure::{Probe, Step};
use crate::log::disk::staged;

const MAGIC: [u8; 8] = *b"CGINST\0\x01";
const LEN: usize = 64;
const CRC_AT: usize = 40;

/// Its name, in the folder of the write-ahead log and in that of a copy.
pub(crate) const INSTANCE: &str = "instance";
/// In the folder of the write-ahead log: by which id a second copy knows it, after that of the folder from which it was restored.
pub(crate) const COPIED: &str = "copied";

/// A new id.
pub(crate) fn drawn() -> io::Result<InstanceId> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_unspecified| io::Error::other("no random bytes"))?;
    Ok(id)
}

/// The ids by which a second copy knows a folder; drawn where it has none.
pub(crate) fn known_as(wal: &Path) -> io::Result<[InstanceId; 2]> {
    let path = wal.join(COPIED);
    if let Some(ids) = Instance::read_at(path.clone())?.ids() {
        return Ok(ids);
    }
    let id = drawn()?;
    Instance::remember(&path, [id, id])?;
    Ok([id, id])
}

/// A random id of one start.
pub(crate) type InstanceId = [u8; 16];

/// The file `<data>/wal/instance`: `"CGINST\0\1"` ‖ id of the start before (16) ‖ id of the last start (16) ‖ CRC-32C of
/// all before (4), zeros to the end. There are two ids because folder and guard cannot be written in one step.
#[derive(Debug)]
pub(crate) struct Instance {
    path: PathBuf,
    ids: Option<[InstanceId; 2]>,
}

impl Instance {
    /// Reads the file in the folder of the write-ahead log. A file that is missing or damaged knows no id.
    pub(crate) fn read(wal: &Path) -> io::Result<Self> {
        Self::read_at(wal.join(INSTANCE))
    }

    /// Reads a file of this form.
    pub(crate) fn read_at(path: PathBuf) -> io::Result<Self> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let ids = Reader::open(&bytes, CRC_AT, MAGIC).and_then(|mut reader| Some([reader.array()?, reader.array()?]));
        Ok(Self { path, ids })
    }

    /// Both ids, where the file has them.
    pub(crate) fn ids(&self) -> Option<[InstanceId; 2]> {
        self.ids
    }

    /// The last id.
    pub(crate) fn last(&self) -> Option<InstanceId> {
        self.ids.map(|[_, last]| last)
    }

    /// Writes ids into a file of this form, durably: one before, and the last one.
    pub(crate) fn remember(path: &Path, [before, last]: [InstanceId; 2]) -> io::Result<()> {
        let mut fields = Fields::<LEN>::new();
        fields.put(&MAGIC);
        fields.put(&before);
        fields.put(&last);
        staged::replace(path, &fields.seal(CRC_AT))
    }

    /// Whether the guard's id is one that this folder knows.
    pub(crate) fn knows(&self, id: &InstanceId) -> bool {
        self.ids.is_some_and(|ids| ids.contains(id))
    }

    /// Draws the id of the next start and writes it, durably, beside the one that the guard has now. The caller writes
    /// it into the guard after that.
    pub(crate) fn draw(&mut self, of_guard: &InstanceId, probe: &Probe) -> io::Result<InstanceId> {
        let next = drawn()?;
        probe.at(Step::Instance)?;
        Self::remember(&self.path, [*of_guard, next])?;
        // Crash here: the guard has the first of the two ids.
        self.ids = Some([*of_guard, next]);
        Ok(next)
    }
}
