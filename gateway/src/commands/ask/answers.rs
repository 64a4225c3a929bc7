//! The file of a batch's answers: what stands in it is not asked again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use uuid::Builder;

/// Answers that came, one a line; and beside it, `<file>.batch`, which batch they are of.
pub(super) struct Answers {
    file: File,
    /// The last line that is there.
    pub(super) last: usize,
    /// Its id.
    pub(super) id: String,
}

/// What is looked at of a line.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) line: usize,
    pub(super) status: u16,
    /// There is one where the line is on the record.
    pub(super) receipt: Option<serde::de::IgnoredAny>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswersError {
    #[error("`{}` cannot be used: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` has the answers of another batch: name another file", .0.display())]
    Another(PathBuf),
    #[error("`{}` is no file of answers: line {line} is not that of a batch", path.display())]
    Foreign { path: PathBuf, line: usize },
}

impl Answers {
    /// Opens the file of the batch with this digest, or begins it; `seen` is told of each line that is there. A line that
    /// was cut off is taken away.
    pub(super) fn open(path: &Path, digest: &str, mut seen: impl FnMut(&Head)) -> Result<Self, AnswersError> {
        let fault = |error| AnswersError::File { path: path.to_owned(), error };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(fault)?;
        let id = batch_id(path, digest, file.metadata().map_err(fault)?.len() == 0)?;
        let (mut last, mut whole) = (0, 0);
        let mut lines = BufReader::new(&mut file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).map_err(fault)? > 0 && line.last() == Some(&b'\n') {
            let head = serde_json::from_slice::<Head>(&line).ok().filter(|head| head.line == last + 1);
            let head = head.ok_or_else(|| AnswersError::Foreign { path: path.to_owned(), line: last + 1 })?;
            seen(&head);
            last += 1;
            whole += line.len() as u64;
            line.clear();
        }
        file.set_len(whole).and_then(|()| file.seek(io::SeekFrom::End(0))).map_err(fault)?;
        Ok(Self { file, last, id })
    }

    /// Adds the next line.
    pub(super) fn add(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.last += 1;
        Ok(())
    }

    /// All of it on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// The id under which the batch was begun, or a new one.
fn batch_id(path: &Path, digest: &str, is_new: bool) -> Result<String, AnswersError> {
    let beside = PathBuf::from(format!("{}.batch", path.display()));
    let fault = |error| AnswersError::File { path: beside.clone(), error };
    let mut text = String::new();
    match File::open(&beside).and_then(|mut file| file.read_to_string(&mut text)) {
        Ok(_) => match text.trim().split_once(' ') {
            Some((id, of)) if of == digest => return Ok(id.to_owned()),
            _ if is_new => {}
            _ => return Err(AnswersError::Another(path.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AnswersError::Another(path.to_owned())),
        Err(error) => return Err(fault(error)),
    }
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random = random.map_err(|_| fault(io::Error::other("the system gives no randomness")))?;
    let id = Builder::from_random_bytes(random.expose()).into_uuid();
    fs::write(&beside, format!("{id} {digest}\n")).map_err(fault)?;
    Ok(id.to_string())
}
