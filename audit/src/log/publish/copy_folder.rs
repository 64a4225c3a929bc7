//! The folder of a second copy, at whoever keeps it: segments of the write-ahead log as far as they were sent, and the data
//! folder that may go on with them.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::instance::{INSTANCE, Instance};
use crate::log::disk::copies::Reached;
use crate::log::disk::files;
use crate::log::wal::copied::sum;
use crate::log::wal::frame::HEADER_LEN;
use crate::log::wal::segment::{self, Found, Segment, SegmentFile};

/// The copy of one log. Locked while it is open.
pub struct CopyFolder {
    dir: PathBuf,
    _lock: File,
    /// The last segment: index of its first leaf, how much of it is there, its file.
    last: Option<(u64, u64, File)>,
    /// The folder has a name that may not be durable.
    is_named: bool,
}

impl CopyFolder {
    /// Opens the folder of the copy of a log, which is made where there is none. What did not arrive whole is cut off.
    ///
    /// # Errors
    /// When another process has it, it cannot be read or made, or it is damaged or of another log.
    pub fn open(dir: &Path, origin: &str) -> io::Result<Self> {
        files::make_dir_durably(dir)?;
        let lock = files::private().open(dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process has the folder of the copy"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let last = match segment::list(dir)?.pop() {
            None => None,
            Some(named) => {
                let file = File::options().read(true).write(true).open(&named.path)?;
                let end = end_of_whole(&named, origin, file.metadata()?.len())?;
                file.set_len(end)?;
                file.sync_all()?;
                Some((named.first, end, file))
            }
        };
        Ok(Self { dir: dir.to_owned(), _lock: lock, last, is_named: false })
    }

    /// Lets a data folder go on with it: the one that did, or the one that was restored from it. Any other was overtaken.
    ///
    /// # Errors
    /// When it is another one, or that cannot be written.
    pub fn begin(&mut self, before: &[u8; 16], folder: &[u8; 16]) -> io::Result<()> {
        let is_known = match Instance::read(&self.dir)?.last() {
            Some(known) => known == *before || known == *folder,
            None => self.last.is_none(),
        };
        if !is_known {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "another folder of this log goes on with the copy: it was restored from it, or is of another machine",
            ));
        }
        Instance::remember(&self.dir.join(INSTANCE), [*before, *folder])
    }

    /// How far it goes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached(&self) -> io::Result<Option<Reached>> {
        let Some((first, bytes, file)) = &self.last else { return Ok(None) };
        Ok(Some(Reached { first: *first, bytes: *bytes, sum: sum(file, *bytes)? }))
    }

    /// Takes bytes that follow: of the last segment, or from the beginning of the next one.
    ///
    /// # Errors
    /// When they do not follow, or cannot be written.
    pub fn write(&mut self, first: u64, at: u64, bytes: &[u8]) -> io::Result<()> {
        let (goes_on, is_next) = match &self.last {
            None => (false, at == 0),
            Some((last, end, _)) => (*last == first && *end == at, *last < first && at == 0),
        };
        if is_next {
            self.sync()?;
            let path = self.dir.join(segment::file_name(first));
            self.last = Some((first, 0, files::private().open(path)?));
            self.is_named = true;
        } else if !goes_on {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the bytes do not follow upon what is there"));
        }
        if let Some((_, end, file)) = &mut self.last {
            file.write_all_at(bytes, at)?;
            *end += bytes.len() as u64;
        }
        Ok(())
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// When it cannot be; then nobody knows what is on the disk, and the folder is to be opened again.
    pub fn sync(&mut self) -> io::Result<()> {
        if let Some((_, _, file)) = &self.last {
            file.sync_data()?;
        }
        if self.is_named {
            files::sync_dir(&self.dir)?;
            self.is_named = false;
        }
        Ok(())
    }
}

/// Where the last whole batch of a segment ends. What follows is torn, unless a later batch shows that it was written once.
fn end_of_whole(named: &SegmentFile, origin: &str, bytes: u64) -> io::Result<u64> {
    if bytes < HEADER_LEN as u64 {
        return Ok(0);
    }
    let mut segment = Segment::open(named, origin).map_err(io::Error::other)?;
    loop {
        match segment.next_batch()? {
            Found::Batch(_) => {}
            Found::Broken(_) if segment.tail()?.later_batch => {
                let why = format!(
                    "`{}` of the copy is damaged: put the folder aside, and let a new copy begin",
                    named.path.display()
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Found::Nothing | Found::Broken(_) => return Ok(segment.at()),
        }
    }
}

/// What a copy has beside segments: the id of the folder that goes on with it.
pub(crate) fn goes_on(dir: &Path) -> io::Result<Option<[u8; 16]>> {
    match fs::metadata(dir) {
        Ok(_) => Ok(Instance::read(dir)?.last()),
        Err(error) => Err(error),
    }
}
