//! What the logs of other gateways say of cases, kept in the data folder as it came, a file a log: a start need not ask for it again,
//! and a gateway that is gone for good was not here in vain. Derived: what is damaged or lost is asked for once more.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::part::Part;

/// The folder in the data folder.
const FOLDER: &str = "look-ups";
/// A line is no longer: an answer, twice.
const LINE_BYTES: u64 = 64 << 20;

/// The first line of a file.
#[derive(Deserialize, Serialize)]
struct Head {
    form: String,
    log: String,
}

const FORM: &str = "credit-gateway/look-ups/1";

/// The file of one log.
pub(super) struct Stored {
    path: PathBuf,
    /// What is not read yet.
    reader: Option<BufReader<File>>,
    /// So many bytes are whole lines that were read, or written.
    good: u64,
    /// Where the line begins that was read last.
    last: u64,
    /// Where the last line begins, and from which leaf on it is, if nothing is said there: what follows takes its place.
    silent: Option<(u64, u64)>,
}

impl Stored {
    /// Opens the file of a log; where it is none of this log, nothing is in it.
    pub(super) fn open(data: &Path, log: &str) -> Self {
        let path = data.join(FOLDER).join(name_of(log));
        let mut stored =
            Self { reader: File::open(&path).ok().map(BufReader::new), path, good: 0, last: 0, silent: None };
        let head = stored.line().and_then(|line| serde_json::from_slice::<Head>(&line).ok());
        if head.is_none_or(|head| head.form != FORM || head.log != log) {
            (stored.reader, stored.good) = (None, 0);
        }
        stored
    }

    /// Whether all of it was read.
    pub(super) fn is_read(&self) -> bool {
        self.reader.is_none()
    }

    /// The next part that is kept; what follows upon one that is damaged is not read.
    pub(super) fn next(&mut self) -> Option<Part> {
        self.last = self.good;
        let part: Option<Part> = self.line().and_then(|line| serde_json::from_slice(&line).ok());
        match &part {
            None => self.unread(),
            Some(part) => self.silent = is_silent(part).then_some((self.last, part.from)),
        }
        part
    }

    /// What was read last, and what comes after it, is none.
    pub(super) fn unread(&mut self) {
        // The line before may be one that says nothing: it stays.
        (self.reader, self.good, self.silent) = (None, self.last, None);
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let read = io::Read::take(self.reader.as_mut()?, LINE_BYTES).read_until(b'\n', &mut line).ok()?;
        if line.pop() != Some(b'\n') {
            return None;
        }
        self.good += read as u64;
        Some(line)
    }

    /// Makes the file where there is none, so that it is known that there is such a log.
    pub(super) fn make(&mut self, log: &str) -> io::Result<()> {
        if self.good > 0 {
            return Ok(());
        }
        let head = Head { form: FORM.to_owned(), log: log.to_owned() };
        self.write(&serde_json::to_vec(&head)?)
    }

    /// Keeps a part behind what was read. However often nothing is said, there is one line of it.
    pub(super) fn keep(&mut self, mut part: Part) -> io::Result<()> {
        if let Some((at, from)) = self.silent.filter(|_| part.begins.is_none()) {
            (self.good, part.from) = (at, from);
        }
        let at = self.good;
        self.write(&serde_json::to_vec(&part)?)?;
        self.silent = is_silent(&part).then_some((at, part.from));
        Ok(())
    }

    /// Begins the file anew.
    pub(super) fn clear(&mut self, log: &str) -> io::Result<()> {
        (self.reader, self.good, self.silent) = (None, 0, None);
        self.make(log)
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.path.parent().map_or(Ok(()), make_folder)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        file.set_len(self.good)?;
        file.seek(SeekFrom::Start(self.good))?;
        file.write_all(&[line, b"\n"].concat())?;
        self.good += line.len() as u64 + 1;
        Ok(())
    }
}

/// The logs that are counted, where a gateway that serves has said so.
#[derive(Deserialize, Serialize)]
struct Logs {
    form: String,
    logs: BTreeSet<String>,
}

/// Beside the files.
const LOGS: &str = "logs.json";

/// The logs that were counted last; nothing where that is not known.
pub(super) fn logs(data: &Path) -> Option<BTreeSet<String>> {
    let said = fs::read(data.join(FOLDER).join(LOGS)).ok()?;
    let said: Logs = serde_json::from_slice(&said).ok()?;
    (said.form == FORM).then_some(said.logs)
}

/// Remembers which logs are counted, for the command beside the gateway.
pub(super) fn remember(data: &Path, logs: BTreeSet<String>) -> io::Result<()> {
    let folder = data.join(FOLDER);
    make_folder(&folder)?;
    let (path, next) = (folder.join(LOGS), folder.join("logs.next"));
    fs::write(&next, serde_json::to_vec(&Logs { form: FORM.to_owned(), logs })?)?;
    fs::rename(next, path)
}

fn is_silent(part: &Part) -> bool {
    part.events.is_empty() && part.begins.is_none()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn name_of(log: &str) -> String {
    let digest = digest(&SHA256, log.as_bytes());
    let name: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}.jsonl")
}
