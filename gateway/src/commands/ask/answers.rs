//! The file of a batch's answers: what stands in it is not asked again.
//!
//! Crash safe in this order: the file is there and empty; `<file>.batch` says under which id which lines are asked, and is on the
//! disk; only then is anything asked. An answer that was not written whole is taken away and asked for again, which the gateway
//! answers as a repeat.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use uuid::Builder;

use crate::commands::failure::Failure;

/// Answers that came, one a line; and beside it, `<file>.batch`, which batch they are of.
pub(super) struct Answers {
    path: PathBuf,
    file: File,
    /// Bytes of its whole lines.
    whole: u64,
    /// The last line that is there.
    pub(super) last: usize,
    /// Its id.
    pub(super) id: String,
}

/// The batch whose answers are kept.
pub(super) struct Of<'a> {
    /// The file of its queries.
    pub(super) queries: &'a Path,
    /// SHA-256 of its lines, in hexadecimal.
    pub(super) digest: &'a str,
    /// How many there are.
    pub(super) count: usize,
}

/// What is looked at of a line.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) line: usize,
    pub(super) status: u16,
    /// Why it was refused.
    pub(super) code: Option<String>,
    /// There is one where the line is on the record.
    pub(super) receipt: Option<serde::de::IgnoredAny>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswersError {
    #[error("`{}` cannot be used: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` cannot be used: it is no file", .0.display())]
    NoFile(PathBuf),
    #[error("`{}` cannot be written: {error}; its whole lines count: make room and run the same command again", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("`{}` is being written by another `ask --batch`: wait until that has ended", .0.display())]
    InUse(PathBuf),
    #[error(
        "`{}` has the answers to other queries than are in `{}` now: put those back, or name another file for the answers",
        out.display(),
        queries.display()
    )]
    Another { out: PathBuf, queries: PathBuf },
    #[error(
        "`{}` does not say to which queries the answers in `{}` belong: name another file for the answers",
        beside.display(),
        out.display()
    )]
    Unmarked { out: PathBuf, beside: PathBuf },
    #[error(
        "`{}` is not as it was left: its line {line} is not the answer to line {line} of the batch; take it and those behind it away, and they are asked again",
        path.display()
    )]
    Foreign { path: PathBuf, line: usize },
}

impl AnswersError {
    /// Of a command: what may pass is no wrong usage.
    pub(super) fn failure(self) -> Failure {
        match &self {
            Self::Write { .. } | Self::InUse(_) => Failure::unavailable(self),
            Self::File { .. }
            | Self::NoFile(_)
            | Self::Another { .. }
            | Self::Unmarked { .. }
            | Self::Foreign { .. } => Failure::usage(self),
        }
    }
}

impl Answers {
    /// Opens the file of this batch, or begins it; `seen` is told of each line that is there. A line that was cut off is taken
    /// away.
    pub(super) fn open(path: &Path, of: &Of<'_>, mut seen: impl FnMut(&Head)) -> Result<Self, AnswersError> {
        let fault = |error| AnswersError::File { path: path.to_owned(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(fault)?;
        let there = file.metadata().map_err(fault)?;
        if !there.is_file() {
            return Err(AnswersError::NoFile(path.to_owned()));
        }
        // A file system without locks has no other fault than that.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(AnswersError::InUse(path.to_owned()));
        }
        let id = batch_id(path, of, there.len() == 0)?;
        let (mut last, mut whole) = (0, 0);
        let mut lines = BufReader::new(&mut file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(fault)? > 0 && line.last() == Some(&b'\n') {
            let head = serde_json::from_slice::<Head>(&line).ok();
            let head = head.filter(|head| head.line == last + 1 && head.line <= of.count && head.receipt.is_some());
            let head = head.ok_or_else(|| AnswersError::Foreign { path: path.to_owned(), line: last + 1 })?;
            seen(&head);
            last += 1;
            whole += line.len() as u64;
            line.clear();
        }
        file.set_len(whole).and_then(|()| file.seek(io::SeekFrom::Start(whole))).map_err(fault)?;
        Ok(Self { path: path.to_owned(), file, whole, last, id })
    }

    /// Adds the next line.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), AnswersError> {
        if let Err(error) = self.file.write_all(line) {
            // Where that fails too, the next run takes the piece away.
            drop(self.file.set_len(self.whole));
            return Err(AnswersError::Write { path: self.path.clone(), error });
        }
        self.whole += line.len() as u64;
        self.last += 1;
        Ok(())
    }

    /// All of it on the disk.
    pub(super) fn sync(&self) -> Result<(), AnswersError> {
        self.file.sync_all().map_err(|error| AnswersError::Write { path: self.path.clone(), error })
    }
}

/// The id under which the batch was begun, or a new one, which is on the disk before anything is asked under it.
fn batch_id(path: &Path, of: &Of<'_>, is_new: bool) -> Result<String, AnswersError> {
    let beside = PathBuf::from(format!("{}.batch", path.display()));
    let mut text = String::new();
    match File::open(&beside).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(AnswersError::File { path: beside, error }),
    }
    match text.trim().split_once(' ') {
        Some((id, digest)) if digest == of.digest => return Ok(id.to_owned()),
        Some(_) | None if is_new => {}
        Some(_) => return Err(AnswersError::Another { out: path.to_owned(), queries: of.queries.to_owned() }),
        None => return Err(AnswersError::Unmarked { out: path.to_owned(), beside }),
    }
    let fault = |error| AnswersError::Write { path: beside.clone(), error };
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random = random.map_err(|_| fault(io::Error::other("the system gives no randomness")))?;
    let id = Builder::from_random_bytes(random.expose()).into_uuid();
    write_durably(&beside, &format!("{id} {}\n", of.digest)).map_err(fault)?;
    Ok(id.to_string())
}

/// A file with this text, or as it was before.
fn write_durably(path: &Path, text: &str) -> io::Result<()> {
    let made = PathBuf::from(format!("{}.new", path.display()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&made)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&made, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| drop(fs::remove_file(&made)))
}
