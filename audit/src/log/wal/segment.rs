//! Reading the write-ahead log: segment files in their order, batches of one segment, and what follows its end.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{self, FRAME_HEAD_LEN, HEADER_LEN, Header, Next, TRAILER_LEN, TRAILER_MAGIC, Trailer};
use crate::log::disk::block::origin_hash;
use crate::log::error::{RecoverError, read_error};
use crate::merkle::Hash;

/// Bytes read at a time.
const WINDOW: usize = 256 << 10;
/// Bytes compared with zeros at a time.
const BLOCK: usize = 4096;

/// A segment file, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    /// Index of its first leaf.
    pub(crate) first: u64,
}

/// The name of the segment that begins with leaf `first`.
pub(crate) fn file_name(first: u64) -> String {
    format!("{first:016x}.seg")
}

/// The segments of a folder in their order. Other names are passed over.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<SegmentFile>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let first = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        let first = first.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if let Some(first) = first.filter(|first| name.to_str() == Some(&file_name(*first))) {
            found.push(SegmentFile { path: entry.path(), first });
        }
    }
    found.sort_unstable_by_key(|segment| segment.first);
    Ok(found)
}

/// One segment being read.
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    header: Header,
    len: u64,
    window: Vec<u8>,
    window_at: u64,
    /// Where the next batch would begin.
    at: u64,
    /// Index of the next leaf.
    size: u64,
}

/// A whole batch: every checksum and count is right. Its root is for the caller to check.
pub(crate) struct Batch {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Index of its first leaf.
    pub(crate) first: u64,
    pub(crate) leaves: Vec<Arc<[u8]>>,
    pub(crate) root: Hash,
}

/// What stands where a batch could begin.
pub(crate) enum Found {
    Batch(Batch),
    /// Zeros, or the end of the room.
    Nothing,
    /// Something that is no batch, and why.
    Broken(&'static str),
}

/// What follows the last good batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Whether a whole later batch ended there: then the bytes before it are damaged, not torn.
    pub(crate) later_batch: bool,
    /// The end of the last bytes that are not zero; the start of the tail if there are none.
    pub(crate) dirty_to: u64,
}

impl Segment {
    /// Opens a segment and checks its header against its name and the log's origin.
    pub(crate) fn open(named: &SegmentFile, origin: &str) -> Result<Self, RecoverError> {
        let io_error = |source| read_error(&named.path, source);
        let file = File::options().read(true).write(true).open(&named.path).map_err(io_error)?;
        let len = file.metadata().map_err(io_error)?.len();
        let mut head = [0; HEADER_LEN];
        let damaged = |what| RecoverError::Damaged { segment: named.path.clone(), offset: 0, what };
        if len < HEADER_LEN as u64 {
            return Err(damaged("the header is cut short"));
        }
        file.read_exact_at(&mut head, 0).map_err(io_error)?;
        let header = Header::decode(&head).ok_or_else(|| damaged("the header's checksum is wrong"))?;
        if header.origin != origin_hash(origin) {
            return Err(RecoverError::OtherOrigin { path: named.path.clone(), wanted: origin.to_owned() });
        }
        if header.first != named.first {
            return Err(damaged("the header's first index is not that of the file's name"));
        }
        Ok(Self {
            file,
            path: named.path.clone(),
            size: header.first,
            header,
            len,
            window: Vec::new(),
            window_at: 0,
            at: HEADER_LEN as u64,
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next batch would begin.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Index of the leaf after the last good batch.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The end of the room that can be written: a file cut short is used as far as it goes.
    pub(crate) fn room_end(&self) -> u64 {
        self.len.min(self.header.capacity)
    }

    /// The file, for whoever writes on.
    pub(crate) fn into_file(self) -> File {
        self.file
    }

    /// The next batch. After [`Found::Nothing`] or [`Found::Broken`] it stays where it is.
    pub(crate) fn next_batch(&mut self) -> io::Result<Found> {
        let start = self.at;
        let mut at = start;
        let mut leaves: Vec<Arc<[u8]>> = Vec::new();
        loop {
            match frame::next(self.bytes(at, FRAME_HEAD_LEN)?) {
                Next::Frame { len, crc } => {
                    let from = at + FRAME_HEAD_LEN as u64;
                    let leaf = self.bytes(from, len)?;
                    if leaf.len() < len || frame::frame_crc(leaf) != crc {
                        return Ok(Found::Broken("a frame's checksum is wrong"));
                    }
                    leaves.push(leaf.into());
                    at = from + len as u64;
                }
                Next::Trailer => {
                    let Some(trailer) = Trailer::decode(self.bytes(at, TRAILER_LEN)?) else {
                        return Ok(Found::Broken("a batch trailer's checksum is wrong"));
                    };
                    let first = self.size;
                    let fits = leaves.len() as u64 == u64::from(trailer.count)
                        && at - start == u64::from(trailer.frames_len)
                        && first + u64::from(trailer.count) == trailer.size;
                    if !fits || leaves.is_empty() {
                        return Ok(Found::Broken("a batch trailer does not fit its batch"));
                    }
                    let end = at + TRAILER_LEN as u64;
                    (self.at, self.size) = (end, trailer.size);
                    return Ok(Found::Batch(Batch { start, end, first, leaves, root: trailer.root }));
                }
                Next::Nothing if at == start => return Ok(Found::Nothing),
                Next::Nothing => return Ok(Found::Broken("a batch has no trailer")),
                Next::Broken => return Ok(Found::Broken("no frame and no trailer begins here")),
            }
        }
    }

    /// Looks through everything after the last good batch.
    pub(crate) fn tail(&self) -> io::Result<Tail> {
        let mut tail = Tail { later_batch: false, dirty_to: self.at };
        // Blocks overlap by a trailer, so that none is cut in two.
        let mut block = vec![0; BLOCK + TRAILER_LEN];
        let zeros = vec![0; block.len()];
        let mut at = self.at;
        while at < self.len {
            let held = read_up_to(&self.file, &mut block, at)?;
            let bytes = block.get(..held).unwrap_or_default();
            if bytes != zeros.get(..held).unwrap_or_default() {
                let dirty = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
                tail.dirty_to = tail.dirty_to.max(at + dirty);
                let mut trailers = bytes.windows(TRAILER_LEN).zip(at..).filter(|(b, _)| b.starts_with(&TRAILER_MAGIC));
                // A trailer whose batch begins at the very end is the torn batch's own: its pages reached the disk in
                // another order. One that begins later proves that this place was written, synced and passed.
                tail.later_batch |= trailers.any(|(bytes, at)| {
                    Trailer::decode(bytes)
                        .is_some_and(|trailer| at.saturating_sub(u64::from(trailer.frames_len)) > self.at)
                });
            }
            at += BLOCK as u64;
        }
        Ok(tail)
    }

    /// The bytes from `at` on, fewer at the end of the file; at most a window of them.
    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let held = at.checked_sub(self.window_at).and_then(|skip| usize::try_from(skip).ok());
        let inside = held.is_some_and(|from| from + len <= self.window.len());
        if !inside {
            self.window.resize(WINDOW, 0);
            let read = read_up_to(&self.file, &mut self.window, at)?;
            self.window.truncate(read);
            self.window_at = at;
        }
        let from = usize::try_from(at - self.window_at).unwrap_or(usize::MAX);
        let rest = self.window.get(from..).unwrap_or_default();
        Ok(rest.get(..len).unwrap_or(rest))
    }
}

/// Reads until the buffer is full or the file ends.
fn read_up_to(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
