//! Whose a log is in the shared state: of one data folder, and of one process at a time. Two that sign under one name fork the log,
//! and what one of them was told the other would not know.
//!
//! Each start draws an id, remembers it in the data folder, and writes it into the log's row, which every round compares. A folder
//! that was moved takes its ids along. Of a folder and its copies, the one that starts first goes on: the others do not know its id.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::{fault::StateFault, handle::Own};

/// Its name in the data folder: an id a line, the newest last.
const FILE: &str = "state.owner";
/// So many are remembered: a database that was put back has one from before.
const REMEMBERED: usize = 64;

/// Who has not said for so long that it is here answers nothing any more, and has not since before.
const SILENT: Duration = Duration::from_millis(800);
/// And it is looked for so long whether the one before falls silent.
const WAITS: Duration = Duration::from_secs(2);

/// Of a log: its owner, how many leaves the state knows of it, and how long ago it was here.
const SEEN: &str = "SELECT r.owner, greatest(r.told, a.last + 1), \
     (extract(epoch FROM pg_catalog.clock_timestamp() - r.beat) * 1000)::bigint \
     FROM (SELECT max(leaf_index) AS last FROM credit_act WHERE origin = $1) AS a LEFT JOIN credit_replica AS r ON r.origin = $1";
/// Takes it over from a start before of the same folder; `owner` is nothing where a gateway of an earlier release was there.
pub(super) const TAKE: &str =
    "UPDATE credit_replica SET owner = $2 WHERE origin = $1 AND (owner IS NULL OR owner = ANY ($3))";

/// What stands for one start of one data folder.
pub(super) type Owner = [u8; 16];

/// The ids that a data folder knows.
pub(super) struct Known {
    path: PathBuf,
    ids: Vec<Owner>,
}

impl Known {
    /// # Errors
    /// When the file cannot be read, or is not as it was written.
    pub(super) fn read(folder: &Path) -> Result<Self, StateFault> {
        let path = folder.join(FILE);
        let ids = match fs::read_to_string(&path) {
            Ok(text) => text.lines().map(parsed).collect::<Option<Vec<_>>>(),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(Vec::new()),
            Err(error) => return Err(fault(&path, &error)),
        };
        let damaged = || fault(&path, &io::Error::new(ErrorKind::InvalidData, "it is not as it was written"));
        ids.map(|ids| Self { path: path.clone(), ids }).ok_or_else(damaged)
    }

    /// Draws the id of this start. It is durable here before the state has it: if we crash in between, nobody knows it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn draw(&mut self) -> Result<Owner, StateFault> {
        let mut id = Owner::default();
        let drawn = SystemRandom::new().fill(&mut id).map_err(|_| io::Error::other("no random bytes"));
        self.remember(id).and(drawn).map_err(|error| fault(&self.path, &error))?;
        Ok(id)
    }

    fn remember(&mut self, id: Owner) -> io::Result<()> {
        self.ids.push(id);
        self.ids.drain(..self.ids.len().saturating_sub(REMEMBERED));
        let folder = self.path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let next = self.path.with_added_extension("next");
        drop(fs::remove_file(&next));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        for id in &self.ids {
            writeln!(file, "{:032x}", u128::from_be_bytes(*id))?;
        }
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        File::open(folder)?.sync_all()
    }

    /// Whether it was ever served together with others.
    pub(super) fn is_known(&self) -> bool {
        !self.ids.is_empty()
    }

    /// The log counts alone again.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub(super) fn forget(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The ids, as a statement takes them.
    pub(super) fn ids(&self) -> Vec<&[u8]> {
        self.ids.iter().map(|id| &id[..]).collect()
    }
}

fn parsed(line: &str) -> Option<Owner> {
    let is_hex = line.len() == 32 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(line, 16).ok().map(u128::to_be_bytes)).flatten()
}

fn fault(path: &Path, error: &io::Error) -> StateFault {
    StateFault::Owner { place: path.display().to_string(), why: error.to_string() }
}

/// What the state has of a log.
struct Seen {
    /// Nothing where it does not know the log, or a gateway of an earlier release served it.
    owner: Option<Vec<u8>>,
    leaves: i64,
    /// How long ago it was here, in milliseconds.
    silent: Option<i64>,
}

impl Seen {
    async fn look(client: &Client, origin: &str) -> Result<Self, StateFault> {
        let row = client.query_one(SEEN, &[&origin]).await?;
        let leaves = row.try_get::<_, Option<i64>>(1)?.unwrap_or_default();
        Ok(Self { owner: row.try_get(0)?, leaves, silent: row.try_get(2)? })
    }

    fn is_silent(&self) -> bool {
        let silent = i64::try_from(SILENT.as_millis()).unwrap_or(i64::MAX);
        self.silent.is_none_or(|ago| ago >= silent)
    }
}

/// Whether nobody else serves the log, and the data folder has all of it that the state knows. Whoever served it until now is silent
/// then, so this may take as long.
///
/// # Errors
/// [`StateFault`].
pub(super) async fn is_alone(client: &Client, own: &Own) -> Result<(), StateFault> {
    seen_alone(client, own).await.map(drop)
}

async fn seen_alone(client: &Client, own: &Own) -> Result<Seen, StateFault> {
    let mut seen = Seen::look(client, &own.origin).await?;
    let known = u64::try_from(seen.leaves).unwrap_or_default();
    if own.leaves < known {
        return Err(StateFault::Shorter { origin: own.origin.clone(), known, leaves: own.leaves });
    }
    let latest = Instant::now() + WAITS;
    while !seen.is_silent() {
        if Instant::now() >= latest {
            return Err(StateFault::Served(own.origin.clone()));
        }
        sleep(SILENT / 8).await;
        seen = Seen::look(client, &own.origin).await?;
    }
    Ok(seen)
}

/// Whether this data folder may go on with the log: nothing is written.
///
/// # Errors
/// [`StateFault`].
pub(super) async fn may_serve(client: &Client, own: &Own) -> Result<(), StateFault> {
    let known = Known::read(&own.folder)?;
    let is_known = |seen: &Seen| seen.owner.as_deref().is_none_or(|owner| known.ids.iter().any(|id| id[..] == *owner));
    // Before it is waited for: another folder need not wait.
    if !is_known(&Seen::look(client, &own.origin).await?) {
        is_alone(client, own).await?;
        return Err(StateFault::OtherFolder(own.origin.clone()));
    }
    let seen = seen_alone(client, own).await?;
    if is_known(&seen) { Ok(()) } else { Err(StateFault::OtherFolder(own.origin.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_knows_its_last_starts_and_a_copy_none_after_it() {
        let (folder, copy) = (Scratch::new(), Scratch::new());
        let first = Known::read(folder.path()).unwrap().draw().unwrap();
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        let second = Known::read(folder.path()).unwrap().draw().unwrap();
        let known = |folder: &Path| Known::read(folder).unwrap().ids;
        assert_eq!(known(folder.path()), [first, second]);
        assert_eq!(known(copy.path()), [first]);
        for _ in 0..REMEMBERED {
            Known::read(folder.path()).unwrap().draw().unwrap();
        }
        assert!(known(folder.path()).len() == REMEMBERED && !known(folder.path()).contains(&second));
    }

    #[test]
    fn a_file_that_is_not_as_it_was_written_is_a_fault() {
        let folder = Scratch::new();
        for text in ["x\n", "+0000000000000000000000000000001\n", "00000000000000000000000000000001 \n", "\n"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert!(Known::read(folder.path()).is_err(), "{text}");
        }
    }
}
