//! The snapshot of the projection: one file beside the log that says what the leaves below its size amount to.
//!
//! Only a short cut: start-up takes in the leaves that came after it, and without it all of them. It advances by the same
//! projection over published bundles, never from the counts in force, so that it says exactly what the leaves below its
//! size say. It is bound to the log by the log's root at that size, and to itself by a digest: a snapshot of which one
//! bit is another, or that another log left behind, is not used.

mod file;
mod following;
#[cfg(test)]
mod measured;
mod merge;
mod root;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use credit_audit::pruned::PrunedHead;
use credit_policy::Catalogue;

use super::{
    bundles,
    cases::Cases,
    consent::Consent,
    day::{Day, InScope, Scope},
    idempotency::FirstQuery,
    key::Key,
    ledger::Ledger,
    projection::{FoldError, Projection},
    table::Table,
    usage::Usage,
};
use file::{Head, Reader, invalid};
pub(crate) use following::Following;
use following::STEP;
use rows::{Row, UseRow};

/// Its name in the data folder.
pub(crate) const FILE: &str = "state.snapshot";

/// Why a snapshot could not be written. The one before is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// A leaf that it would take in.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A file.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Why a snapshot is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It cannot be read, is not as it was written, or is not one of this log: everything is to be folded again.
    #[error("{0}")]
    Unusable(#[from] io::Error),
    /// It is whole, and the log has fewer leaves than it covers.
    #[error("it covers {covered} leaves, more than the log has")]
    LogShort {
        /// Leaves that it covers.
        covered: u64,
    },
}

/// Reads the snapshot of the log `origin`, which has `size` leaves and its tiles in `log_folder`; nothing where there is
/// none, or one of another log.
///
/// # Errors
/// [`ReadError`].
pub(crate) fn read(path: &Path, origin: &str, log_folder: &Path, size: u64) -> Result<Option<Projection>, ReadError> {
    let Some((mut reader, head)) = open(path)? else { return Ok(None) };
    if head.origin != origin {
        return Ok(None);
    }
    let usage = usage(&mut reader, &head)?;
    reader.end()?;
    if head.ledger.size > size {
        return Err(ReadError::LogShort { covered: head.ledger.size });
    }
    check_root(&head, log_folder)?;
    Ok(Some(Projection::restored(head.ledger, usage)))
}

fn usage<R: Read>(reader: &mut Reader<R>, head: &Head) -> io::Result<Usage> {
    let mut cases = Cases::default();
    for month in &head.months {
        cases.restore(*month, table(reader)?);
    }
    let (people, staff) = (table::<_, InScope>(reader)?, table(reader)?);
    let consents = consents(reader)?;
    let revoked = table(reader)?;
    let idempotency: Table<FirstQuery> = table(reader)?;
    let named = head.scopes.iter().cloned();
    let mut scopes: Vec<Scope> = named.map(|(institution, group)| Scope { institution, group, persons: 0 }).collect();
    for (_, counted) in people.iter() {
        let scope = usize::try_from(counted.scope).ok().and_then(|place| scopes.get_mut(place));
        scope.ok_or_else(|| invalid("a count is of no institution"))?.persons += 1;
    }
    let day = Day::restored(head.day, scopes, people, staff);
    Ok(Usage::restored(head.at, day, cases, consents, revoked, idempotency))
}

/// Leaves that the snapshot covers, as its head says: not to be believed, but to see whether it is time for the next.
pub(crate) fn covered(path: &Path, origin: &str) -> u64 {
    let head = open(path).ok().flatten().map(|(_, head)| head).filter(|head| head.origin == origin);
    head.map_or(0, |head| head.ledger.size)
}

/// Takes in what was followed since, or else published leaves up to `published`, a whole number of bundles, or as many as one step
/// takes; gives back what comes after it, and so how many leaves are covered. A snapshot that cannot be used is begun again.
///
/// # Errors
/// When a leaf or a file cannot be read or written.
pub(crate) fn advance(
    path: &Path,
    origin: &str,
    log_folder: &Path,
    catalogue: &Catalogue,
    published: u64,
    following: &Following,
) -> Result<Projection, SnapshotError> {
    let old = open(path).ok().flatten().filter(|(_, head)| head.origin == origin);
    let old = old.filter(|(_, head)| check_root(head, log_folder).is_ok());
    let begun_again = old.is_some();
    let followed = old.as_ref().and_then(|(_, head)| following.take(head.ledger.size));
    let read = |run: &mut Projection, until| {
        bundles::each(log_folder, run.ledger.size, until, |index, leaf| run.apply(catalogue, index, leaf))
    };
    match step((path, origin, log_folder), published, (old, followed), read) {
        // Only its digest, at its end, says that the old one is not as it was written.
        Err(SnapshotError::Io(error)) if begun_again && error.kind() == io::ErrorKind::InvalidData => {
            tracing::error!(%error, "the snapshot of the state is damaged; it is made again from the log");
            step((path, origin, log_folder), published, (None, None), read)
        }
        other => other,
    }
}

/// A snapshot that is there, and what was followed since.
type Before = (Option<(Reader<BufReader<File>>, Head)>, Option<Projection>);

fn step(
    (path, origin, log_folder): (&Path, &str, &Path),
    published: u64,
    (old, followed): Before,
    read: impl Fn(&mut Projection, u64) -> Result<(), FoldError>,
) -> Result<Projection, SnapshotError> {
    let from = old.as_ref().map_or(0, |(_, head)| head.ledger.size);
    let (mut run, until) = match (followed, &old) {
        (Some(followed), _) => {
            let until = followed.ledger.size;
            (followed, until)
        }
        (None, Some((_, head))) => {
            (Projection::beyond(head.ledger.clone(), head.at, head.day), published.min(from + STEP))
        }
        (None, None) => (Projection::beyond(Ledger::default(), jiff::Timestamp::default(), None), published.min(STEP)),
    };
    read(&mut run, until)?;
    if from == 0
        && let Some(head) = PrunedHead::read(log_folder, Some(origin))?
    {
        run.go_on_after(&head.numbers, &head.certificates);
    }
    // What was let go is passed over.
    run.ledger.size = until;
    let next = run.go_on();
    let root = root::root_at(log_folder, until)?;
    let made = path.with_extension("next");
    drop(fs::remove_file(&made));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made)?;
    let file = merge::merge(old, run, origin, &root, BufWriter::new(file))?;
    // A crash before the rename leaves the one before in place, and after it the next one, whole.
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&made, path)?;
    Ok(next)
}

fn check_root(head: &Head, log_folder: &Path) -> io::Result<()> {
    let is_whole_bundles = head.ledger.size.is_multiple_of(256);
    if !is_whole_bundles || root::root_at(log_folder, head.ledger.size)? != head.root {
        return Err(invalid("the log's root at its size is another"));
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<Option<(Reader<BufReader<File>>, Head)>> {
    match File::open(path) {
        Ok(file) => Reader::begin(BufReader::with_capacity(1 << 18, file)).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Rows until the table's end, and the fault that ended them.
fn rows<'a, R: Read, T: Row + 'a>(
    reader: &'a mut Reader<R>,
    fault: &'a mut io::Result<()>,
) -> impl Iterator<Item = (Key, T)> + 'a {
    std::iter::from_fn(move || match reader.row() {
        Ok(row) => row,
        Err(error) => {
            *fault = Err(error);
            None
        }
    })
}

fn table<R: Read, T: Row>(reader: &mut Reader<R>) -> io::Result<Table<T>> {
    let mut fault = Ok(());
    let table = rows(reader, &mut fault).collect();
    fault.map(|()| table)
}

/// The uses of a consent stand one after the other, and become one row.
fn consents<R: Read>(reader: &mut Reader<R>) -> io::Result<Table<Consent>> {
    let mut fault = Ok(());
    let mut rows = rows::<_, UseRow>(reader, &mut fault).peekable();
    let of_each = std::iter::from_fn(|| {
        let (key, first) = rows.next()?;
        let more = std::iter::from_fn(|| rows.next_if(|(next, _)| *next == key).map(|(_, row)| row.use_));
        let row = Consent::restored(std::iter::once(first.use_).chain(more), first.expires)?;
        Some((key, row))
    });
    let table = of_each.collect();
    drop(rows);
    fault.map(|()| table)
}
