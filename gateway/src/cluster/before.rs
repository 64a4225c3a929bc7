//! What a data folder knows of the shared state: up to which leaf each log was told there at least. Where the state knows less, it was
//! put back to what it was earlier, or it is another one; then it lacks uses and counts of which this gateway said that they are made,
//! and nobody may go on with it. All of them stand in the logs (`state join --after-loss`).

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::Instant,
};
use tokio_postgres::Client;

use super::fault::StateFault;

/// Its name in the data folder: a log a line, `LEAVES ORIGIN`.
const FILE: &str = "state.told";
/// It is written again so often at most.
const EVERY: Duration = Duration::from_secs(1);

/// Logs of which the state knows less than it did, those that it does not know last.
const BEHIND: &str = "SELECT t.origin, t.told, r.told FROM unnest($1::text[], $2::bigint[]) AS t (origin, told) \
     LEFT JOIN credit_replica AS r ON r.origin = t.origin WHERE r.told IS NULL OR r.told < t.told \
     ORDER BY r.told IS NULL, t.origin <> $3, t.origin LIMIT 1";

/// By the name of a log, how many of its leaves were looked through for acts, and the state has these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Before(BTreeMap<String, u64>);

impl Before {
    /// What is remembered in a data folder.
    ///
    /// # Errors
    /// When the file cannot be read, or is not as it was written.
    pub(super) fn read(folder: &Path) -> Result<Self, StateFault> {
        let path = folder.join(FILE);
        let fault = |error: &io::Error| StateFault::Owner { place: path.display().to_string(), why: error.to_string() };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(fault(&error)),
        };
        let line = |line: &str| {
            let (told, origin) = line.split_once(' ')?;
            Some((origin.to_owned(), told.parse().ok()?))
        };
        let damaged = || fault(&io::Error::new(ErrorKind::InvalidData, "it is not as it was written"));
        text.lines().map(line).collect::<Option<_>>().map(Self).ok_or_else(damaged)
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let (path, next) = (folder.join(FILE), folder.join(FILE).with_added_extension("next"));
        drop(fs::remove_file(&next));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&next)?;
        for (origin, told) in &self.0 {
            writeln!(file, "{told} {origin}")?;
        }
        file.sync_all()?;
        // A crash in between leaves the one before, which says less and nothing wrong.
        fs::rename(&next, &path)
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

    /// Whether it counted together with others, or began to.
    pub(super) fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether the state has as much of these logs as it had, read on a connection that stays.
    ///
    /// # Errors
    /// [`StateFault::PutBack`].
    pub(super) fn has(&self, others: &[(String, u64)]) -> Result<(), StateFault> {
        let known = |origin: &String| self.0.get(origin).copied().unwrap_or_default();
        match others.iter().find(|(origin, told)| *told < known(origin)) {
            Some((origin, told)) => {
                Err(StateFault::PutBack { origin: origin.clone(), had: whole(known(origin)), knows: whole(*told) })
            }
            None => Ok(()),
        }
    }

    /// # Errors
    /// [`StateFault::PutBack`] and [`StateFault::NotJoined`].
    pub(super) async fn compare(&self, client: &Client, own: &str) -> Result<(), StateFault> {
        let (logs, told): (Vec<&str>, Vec<i64>) = self.0.iter().map(|(log, told)| (log.as_str(), whole(*told))).unzip();
        let Some(row) = client.query_opt(BEHIND, &[&logs, &told, &own]).await? else { return Ok(()) };
        let (origin, had, knows): (String, i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Err(match knows {
            None if origin != own => StateFault::NotJoined(origin),
            knows => StateFault::PutBack { origin, had, knows: knows.unwrap_or_default() },
        })
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The same as it becomes known from round to round. Only what is proved counts: the rest may be gone after the loss of a server.
pub(super) struct Remembering {
    pub(super) before: Before,
    /// What was read of others, and is proved by the next write that is.
    read: Vec<(String, u64)>,
    written: Option<(Instant, Before)>,
    writing: Option<JoinHandle<()>>,
}

impl Remembering {
    /// What a start goes on from.
    pub(super) fn new(before: Before) -> Self {
        Self { before, read: Vec::new(), written: None, writing: None }
    }

    /// So much was read of others.
    pub(super) fn read(&mut self, others: Vec<(String, u64)>) {
        self.read = others;
    }

    /// A write was proved: so many leaves of the own log are told, and what was read before is there too.
    pub(super) fn proved(&mut self, own: &str, told: u64) {
        // A log of which nothing is told has nothing that could be missing.
        for (origin, told) in self.read.drain(..).chain([(own.to_owned(), told)]).filter(|(_, told)| *told > 0) {
            let known = self.before.0.entry(origin).or_default();
            *known = (*known).max(told);
        }
    }

    /// Writes it where that is due: nobody waits for it.
    pub(super) fn look(&mut self, folder: &Path) {
        let is_due = self.written.as_ref().is_none_or(|(at, before)| at.elapsed() >= EVERY && *before != self.before);
        let is_writing = self.writing.as_ref().is_some_and(|writing| !writing.is_finished());
        if is_due && !is_writing {
            self.written = Some((Instant::now(), self.before.clone()));
            let (before, folder) = (self.before.clone(), folder.to_owned());
            self.writing = Some(spawn_blocking(move || keep(&before, &folder)));
        }
    }

    /// Writes it at the end of a process.
    pub(super) async fn end(self, folder: &Path) {
        let (before, folder) = (self.before, folder.to_owned());
        if before.is_known() {
            drop(spawn_blocking(move || keep(&before, &folder)).await);
        }
    }
}

fn keep(before: &Before, folder: &Path) {
    if let Err(error) = before.write(folder) {
        tracing::warn!(%error, "what the shared state knows could not be remembered; it is tried again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_is_remembered_is_read_again_and_never_less() {
        let scratch = Scratch::new();
        let own = "gateway.example/r1";
        assert!(!Before::read(scratch.path()).unwrap().is_known());
        let mut remembering = Remembering::new(Before::default());
        remembering.read(vec![("gateway.example/r2".to_owned(), 7)]);
        remembering.proved(own, 0);
        assert_eq!(remembering.before.0.len(), 1, "nothing of the own log is told");
        remembering.proved(own, 5);
        remembering.proved(own, 3);
        remembering.before.write(scratch.path()).unwrap();
        assert_eq!(
            fs::read_to_string(scratch.path().join(FILE)).unwrap(),
            "5 gateway.example/r1\n7 gateway.example/r2\n"
        );
        assert_eq!(Before::read(scratch.path()).unwrap(), remembering.before);
        for text in ["x gateway.example/r1\n", "5\n", "\n", "-1 a\n"] {
            fs::write(scratch.path().join(FILE), text).unwrap();
            assert!(Before::read(scratch.path()).is_err(), "{text}");
        }
        Before::forget(scratch.path()).unwrap();
        Before::forget(scratch.path()).unwrap();
        assert!(!Before::read(scratch.path()).unwrap().is_known());
    }
}
