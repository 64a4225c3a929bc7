//! Room for the write-ahead log, reserved before it is needed: a thread of its own keeps the next segment ready, so
//! that the writer neither waits for the device to find room nor learns in the middle of a batch that there is none.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::FallocateFlags;

use crate::log::disk::failure::{Probe, Step, at_path, is_lack_of_room};
use crate::log::disk::files;

/// The least room that is worth a segment.
pub(crate) const LEAST_SEGMENT: u64 = 256 << 10;
/// A segment takes at most one part in so many of what is free: its leaves are written once more when they are
/// published, and a log that reserved the last room could not publish what it records.
const SHARE: u64 = 4;
/// How long to wait before trying again.
const RETRY: Duration = Duration::from_secs(1);
/// Zeros written, and synced, at a time: a batch that syncs meanwhile waits for no more than this.
const CHUNK: usize = 1 << 20;

/// The name of the segment that is being made ready.
pub(crate) const NEXT: &str = ".next";

/// A file of zeros, durable, with all its blocks.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    pub(crate) capacity: u64,
}

/// The next segment, ready or not.
pub(crate) struct Reserve {
    dir: PathBuf,
    wanted: u64,
    probe: Probe,
    slot: Mutex<Slot>,
    changed: Condvar,
}

enum Slot {
    /// Being made.
    Working,
    Ready(Reserved),
    /// The writer has it, still under its temporary name.
    Taken,
    /// There was no room; tried again each second.
    Failed(String),
    Closed,
}

impl Reserve {
    pub(crate) fn new(dir: PathBuf, wanted: u64, probe: Probe) -> Self {
        let slot = Mutex::new(Slot::Working);
        Self { dir, wanted: wanted.max(LEAST_SEGMENT), probe, slot, changed: Condvar::new() }
    }

    /// The thread: keeps the slot filled until [`Reserve::close`].
    pub(crate) fn run(&self) {
        loop {
            let made = make(&self.dir, self.wanted, &self.probe);
            let mut slot = self.lock();
            if matches!(*slot, Slot::Closed) {
                break;
            }
            let failed = made.is_err();
            *slot = made.map_or_else(|error| Slot::Failed(at_path(&error, &self.dir).to_string()), Slot::Ready);
            self.changed.notify_all();
            if failed {
                slot = self.changed.wait_timeout(slot, RETRY).unwrap_or_else(PoisonError::into_inner).0;
            }
            while matches!(*slot, Slot::Ready(_) | Slot::Taken) {
                slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
            if matches!(*slot, Slot::Closed) {
                break;
            }
        }
        // What is not used is not kept: its room may be needed, and the next start would remove it anyway.
        drop(fs::remove_file(self.dir.join(NEXT)));
    }

    /// The next segment. Waits while it is being made, not while there is no room: then it says why.
    pub(crate) fn take(&self) -> Result<Reserved, String> {
        let mut slot = self.lock();
        loop {
            match &*slot {
                Slot::Working => slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner),
                Slot::Failed(why) => return Err(why.clone()),
                Slot::Ready(_) => {
                    if let Slot::Ready(reserved) = std::mem::replace(&mut *slot, Slot::Taken) {
                        return Ok(reserved);
                    }
                }
                // One writer takes, and it settles the last one before it takes again.
                Slot::Taken | Slot::Closed => return Err("the log is closed".to_owned()),
            }
        }
    }

    /// The segment that was taken has its own name now: the next can be made.
    pub(crate) fn taken(&self) {
        self.settle(Slot::Working);
    }

    /// Gives back a segment that could not be used.
    pub(crate) fn give_back(&self, reserved: Reserved) {
        self.settle(Slot::Ready(reserved));
    }

    fn settle(&self, settled: Slot) {
        let mut slot = self.lock();
        if matches!(*slot, Slot::Taken) {
            *slot = settled;
        }
        self.changed.notify_all();
    }

    /// Bytes ready for the time after the current segment.
    pub(crate) fn ready_bytes(&self) -> u64 {
        match &*self.lock() {
            Slot::Ready(reserved) => reserved.capacity,
            Slot::Working | Slot::Taken | Slot::Failed(_) | Slot::Closed => 0,
        }
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        *self.lock() = Slot::Closed;
        self.changed.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reserves `wanted` bytes, or half, or a quarter … while there is no room for more.
fn make(dir: &Path, wanted: u64, probe: &Probe) -> io::Result<Reserved> {
    let path = dir.join(NEXT);
    // What the last attempt or the last process left behind.
    drop(fs::remove_file(&path));
    let mut bytes = affordable(wanted, free_bytes(dir))
        .ok_or_else(|| io::Error::new(io::ErrorKind::StorageFull, "less than 1 MiB is free on the device"))?;
    loop {
        let made = probe.at(Step::Reserve(bytes)).and_then(|()| zeros(&path, bytes));
        match made {
            Ok(file) => return Ok(Reserved { file, path, capacity: bytes }),
            Err(error) => {
                // Whatever was reserved is given back.
                drop(fs::remove_file(&path));
                if !is_lack_of_room(&error) || bytes / 2 < LEAST_SEGMENT {
                    return Err(error);
                }
                bytes /= 2;
            }
        }
    }
}

/// The largest of `wanted`, its half, its quarter … that takes at most a [`SHARE`] of what is free.
fn affordable(wanted: u64, free: u64) -> Option<u64> {
    let sizes = std::iter::successors(Some(wanted), |bytes| Some(bytes / 2));
    sizes.take_while(|bytes| *bytes >= LEAST_SEGMENT).find(|bytes| *bytes <= free / SHARE)
}

/// Bytes free on the folder's device; where it does not say, as many as one likes.
fn free_bytes(dir: &Path) -> u64 {
    match rustix::fs::statvfs(dir) {
        Ok(device) if device.f_blocks > 0 => device.f_bavail.saturating_mul(device.f_frsize),
        Ok(_) | Err(_) => u64::MAX,
    }
}

/// A file of zeros whose blocks are not only promised but written: writing into them later needs no room and changes
/// no metadata, so one `fdatasync` is one flush.
fn zeros(path: &Path, bytes: u64) -> io::Result<File> {
    let file = files::private().open(path)?;
    match rustix::io::retry_on_intr(|| rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)) {
        // A file system that cannot promise room: writing the zeros takes it.
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
        Err(error) => return Err(error.into()),
    }
    let chunk = vec![0; CHUNK.min(usize::try_from(bytes).unwrap_or(CHUNK))];
    let mut at = 0;
    while at < bytes {
        let len = (bytes - at).min(chunk.len() as u64);
        file.write_all_at(chunk.get(..len as usize).unwrap_or_default(), at)?;
        file.sync_data()?;
        at += len;
    }
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::log::tests::temp_dir;

    fn room_for(most: u64) -> Probe {
        Probe::new(move |step| match step {
            Step::Reserve(bytes) if bytes > most => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        })
    }

    #[test]
    fn less_room_is_tried_by_halves_down_to_the_least() {
        let dir = temp_dir();
        let none = make(dir.path(), 4 << 20, &room_for(LEAST_SEGMENT - 1)).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::StorageFull);
        assert!(!dir.path().join(NEXT).exists());
        let made = make(dir.path(), 4 << 20, &room_for((1 << 20) + 5)).unwrap();
        assert_eq!(made.capacity, 1 << 20);
        assert_eq!(std::fs::read(made.path).unwrap(), vec![0; 1 << 20]);
    }

    #[test]
    fn room_to_publish_is_left() {
        let least = LEAST_SEGMENT;
        assert_eq!(affordable(16 << 20, 4 * least - 1), None);
        assert_eq!(affordable(16 << 20, 4 * least), Some(least));
        assert_eq!(affordable(16 << 20, 4 << 20), Some(1 << 20));
        assert_eq!(affordable(16 << 20, u64::MAX), Some(16 << 20));
    }

    #[test]
    fn a_read_only_folder_is_not_tried_by_halves() {
        let dir = temp_dir();
        let asked = Arc::new(Mutex::new(0));
        let count = Arc::clone(&asked);
        let probe = Probe::new(move |_| {
            *count.lock().unwrap() += 1;
            Err(io::ErrorKind::ReadOnlyFilesystem.into())
        });
        assert!(make(dir.path(), 4 << 20, &probe).is_err());
        assert_eq!(*asked.lock().unwrap(), 1);
    }
}
