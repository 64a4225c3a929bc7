//! Making the end of the write-ahead log fit to be written on, once everything was checked.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::rebuild::End;
use crate::log::error::RecoverError;
use crate::log::wal::append::OpenSegment;

/// Zeros written at a time.
const CHUNK: usize = 64 << 10;

/// Cuts off a torn batch and makes sure that the last good one is durable.
pub(crate) fn repair_tail(end: End) -> Result<OpenSegment, RecoverError> {
    let End { segment, dirty_to, last_batch } = end;
    let path = segment.path().to_owned();
    let failed = |path: &Path, source| RecoverError::Io { doing: "writing", path: path.to_owned(), source };
    if let Some((path, from, to)) = last_batch {
        // It may have been read from memory without ever having reached the disk: the process that wrote it may have
        // died between write and sync, or of a failed sync, after which the kernel takes its pages for clean. Written
        // once more with the same bytes it is durable, or this fails.
        write_again(&path, from, to).map_err(|source| failed(&path, source))?;
    }
    let (ordinal, first) = (segment.header().ordinal, segment.header().first);
    let (at, end) = (segment.at(), segment.room_end());
    let file = segment.into_file();
    // Crash anywhere here: the torn batch is still torn, or gone.
    zero(&file, at, dirty_to).map_err(|source| failed(&path, source))?;
    Ok(OpenSegment { file, at, end, ordinal, first })
}

fn write_again(path: &Path, from: u64, to: u64) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
    file.read_exact_at(&mut bytes, from)?;
    file.write_all_at(&bytes, from)?;
    file.sync_data()
}

fn zero(file: &File, from: u64, to: u64) -> io::Result<()> {
    if from >= to {
        return Ok(());
    }
    let zeros = vec![0; CHUNK];
    let mut at = from;
    while at < to {
        let len = (to - at).min(CHUNK as u64);
        file.write_all_at(zeros.get(..len as usize).unwrap_or_default(), at)?;
        at += len;
    }
    file.sync_data()
}
