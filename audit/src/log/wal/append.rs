//! The write-ahead log's writing end: one current segment with room that is already reserved.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::frame::{HEADER_LEN, Header};
use super::reserve::{Reserve, Reserved};
use super::segment;
use crate::log::disk::failure::{Fatal, Probe, Step};
use crate::log::disk::files;
use crate::merkle::Hash;

/// The segment that is written now.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) file: File,
    /// Where the next batch goes.
    pub(crate) at: u64,
    /// The end of the reserved room.
    pub(crate) end: u64,
    /// Its place in the row of segments.
    pub(crate) ordinal: u64,
    /// Index of its first leaf.
    pub(crate) first: u64,
}

impl OpenSegment {
    fn room(&self) -> u64 {
        self.end.saturating_sub(self.at)
    }
}

/// The writing end.
pub(crate) struct Wal {
    pub(crate) dir: PathBuf,
    pub(crate) origin: Hash,
    pub(crate) current: Option<OpenSegment>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) probe: Probe,
    pub(crate) fatal: Fatal,
}

/// Why a segment could not be begun.
#[derive(Debug)]
pub(crate) enum NoSegment {
    /// No room now; it is tried again.
    Room(String),
    /// The disk failed in a way that stopped the log.
    Stopped,
}

impl Wal {
    /// Bytes left in the current segment.
    pub(crate) fn room(&self) -> u64 {
        self.current.as_ref().map_or(0, OpenSegment::room)
    }

    /// Goes on to the next reserved segment, which begins with leaf `first`.
    pub(crate) fn begin_segment(&mut self, first: u64) -> Result<(), NoSegment> {
        let reserved = self.reserve.take().map_err(NoSegment::Room)?;
        let ordinal = self.current.as_ref().map_or(0, |current| current.ordinal + 1);
        let header = Header { ordinal, first, capacity: reserved.capacity, origin: self.origin };
        if let Err(error) = self.write_header(&reserved, &header) {
            self.fatal.stop("writing a segment's header", &error);
            return Err(NoSegment::Stopped);
        }
        // Crash here: the file still has its temporary name, and the next start removes it.
        let path = self.dir.join(segment::file_name(first));
        if let Err(error) = fs::rename(&reserved.path, &path) {
            // The folder may have no room for a name. Nothing rests on the file yet.
            self.reserve.give_back(reserved);
            return Err(NoSegment::Room(error.to_string()));
        }
        if let Err(error) = files::sync_dir(&self.dir) {
            self.fatal.stop("syncing the folder of the write-ahead log", &error);
            return Err(NoSegment::Stopped);
        }
        // Crash from here on: an empty segment stands at the end of the row, and writing goes on in it.
        self.reserve.taken();
        let (at, end) = (HEADER_LEN as u64, reserved.capacity);
        self.current = Some(OpenSegment { file: reserved.file, at, end, ordinal, first });
        Ok(())
    }

    fn write_header(&self, reserved: &Reserved, header: &Header) -> io::Result<()> {
        self.probe.at(Step::Activate)?;
        reserved.file.write_all_at(&header.encode(), 0)?;
        reserved.file.sync_data()
    }

    /// Writes a whole batch into the current segment's room, which must be enough, and makes it durable. Between both, `written`
    /// has the segment as it was before.
    pub(crate) fn append(&mut self, batch: &[u8], written: impl FnOnce(&OpenSegment)) -> io::Result<()> {
        let current = self.current.as_mut().ok_or(io::ErrorKind::NotFound)?;
        self.probe.at(Step::WriteBatch)?;
        current.file.write_all_at(batch, current.at)?;
        written(current);
        self.probe.at(Step::SyncBatch)?;
        // Crash here: any part of the batch may be on disk. No ticket is resolved, and the next start cuts it off, unless
        // it is whole.
        current.file.sync_data()?;
        // Crash from here on: the next start finds the batch. Only now may tickets resolve.
        current.at += batch.len() as u64;
        Ok(())
    }
}
