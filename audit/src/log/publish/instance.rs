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
use crate::log::disk::files;

const MAGIC: [u8; 8] = *b"CGINST\0\x01";
const LEN: usize = 64;
const CRC_AT: usize = 40;

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
        let path = wal.join("instance");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let ids = Reader::open(&bytes, CRC_AT, MAGIC).and_then(|mut reader| Some([reader.array()?, reader.array()?]));
        Ok(Self { path, ids })
    }

    /// The id of the last start.
    pub(crate) fn last(&self) -> Option<InstanceId> {
        self.ids.map(|[_, last]| last)
    }

    /// Writes the ids of a folder, durably: of the start before, and of the last one.
    pub(crate) fn remember(wal: &Path, [before, last]: [InstanceId; 2]) -> io::Result<()> {
        let mut fields = Fields::<LEN>::new();
        fields.put(&MAGIC);
        fields.put(&before);
        fields.put(&last);
        files::replace(&wal.join("instance"), &fields.seal(CRC_AT))
    }

    /// Whether the guard's id is one that this folder knows.
    pub(crate) fn knows(&self, id: &InstanceId) -> bool {
        self.ids.is_some_and(|ids| ids.contains(id))
    }

    /// Draws the id of the next start and writes it, durably, beside the one that the guard has now. The caller writes
    /// it into the guard after that.
    pub(crate) fn draw(&mut self, of_guard: &InstanceId, probe: &Probe) -> io::Result<InstanceId> {
        let mut next = [0; 16];
        SystemRandom::new().fill(&mut next).map_err(|_unspecified| io::Error::other("no random bytes"))?;
        probe.at(Step::Instance)?;
        Self::remember(self.path.parent().unwrap_or(Path::new("")), [*of_guard, next])?;
        // Crash here: the guard has the first of the two ids.
        self.ids = Some([*of_guard, next]);
        Ok(next)
    }
}
