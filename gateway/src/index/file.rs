//! The index's file.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use credit_audit::{leaf::CorrectionState, merkle::leaf_hash};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row as Columns, params};
use uuid::Uuid;

use super::{
    bundles,
    days::days,
    error::IndexError,
    numbers::Numbers,
    place::{Due, Found, Place, Removal, signed},
    row::{Rows, day_number},
    rows::{forget, take_in},
    schema::{FORM, SAID, TABLES},
};

/// Leaves that are written to the file together, and how long they wait for that, at most. So a page to which many rows go is written
/// once for all of them, and whoever starts after a kill reads so many leaves again.
const TOGETHER: u64 = 65_536;
const TOGETHER_FOR: Duration = Duration::from_secs(5);

/// Memory for pages: persons and cases come in no order, so what new rows of them change is all over the file.
const PAGES_KIB: i64 = 4_096;

/// Where fewer leaves were written together, nothing much is going on, and the memory is given back.
const FEW: u64 = 1_024;

/// Its connection, and how much of the log it covers.
pub(super) struct IndexFile {
    pub(super) connection: Connection,
    size: u64,
    /// What the file covers if the process is killed. The rest is in one transaction, which whoever asks here sees.
    written: u64,
    /// Since when something is in it.
    since: Option<Instant>,
    /// How often somebody was forgotten.
    pub(super) forgotten: u64,
    /// What is known to be there.
    known: Numbers,
}

/// Which queries about a person are wanted.
pub(crate) struct Wanted {
    /// The person's key in the index.
    pub(crate) person: [u8; 16],
    /// Only leaves before this one.
    pub(crate) before: u64,
    /// Recorded at this microsecond of Unix time or later.
    pub(crate) from: i64,
    /// Recorded before this microsecond.
    pub(crate) until: i64,
    /// So many at most.
    pub(crate) most: u32,
}

/// A consent that was used.
pub(crate) struct ConsentFound {
    /// What stands for it in the state.
    pub(crate) key: [u8; 16],
    /// The last query that was answered on it.
    pub(crate) last: Place,
}

/// For whom and what there are queries about somebody, under one data key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// Nobody where a person or the public asked.
    pub(crate) institution: Option<String>,
    /// For whom a gateway asked.
    pub(crate) on_behalf: Option<String>,
    pub(crate) scenario: Option<String>,
    pub(crate) data_key: String,
}

impl IndexFile {
    /// Opens the file, or begins anew.
    pub(super) fn open(path: &Path, origin: &str, index_key: &str, log_folder: &Path) -> Result<Self, IndexError> {
        // Made by us first, because SQLite would make it readable by everybody.
        fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if let Some(known) = Self::known(path, origin, index_key, log_folder) {
            return Ok(known);
        }
        remove(path)?;
        fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Self::made(Connection::open(path)?, origin, index_key)
    }

    /// An empty one that is nowhere on a disk.
    pub(super) fn in_memory(origin: &str, index_key: &str) -> Result<Self, IndexError> {
        Self::made(Connection::open_in_memory()?, origin, index_key)
    }

    /// How many instructions of SQLite's machine some work takes.
    #[cfg(test)]
    pub(super) fn steps(&mut self, work: impl FnOnce(&Self)) -> u64 {
        let count = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let counted = std::sync::Arc::clone(&count);
        let count_one = move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            false
        };
        self.connection.progress_handler(1, Some(count_one)).unwrap();
        work(self);
        self.connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        count.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn of(connection: Connection, size: u64) -> Self {
        Self { connection, size, written: size, since: None, forgotten: 0, known: Numbers::default() }
    }

    fn made(connection: Connection, origin: &str, index_key: &str) -> Result<Self, IndexError> {
        settle(&connection)?;
        connection.execute_batch(TABLES)?;
        connection.execute("INSERT INTO head VALUES (?1, ?2, ?3, 0, x'')", params![FORM, origin, index_key])?;
        Ok(Self::of(connection, 0))
    }

    /// What is there, if it is an index of this log as it is now.
    fn known(path: &Path, origin: &str, index_key: &str, log_folder: &Path) -> Option<Self> {
        let connection = Connection::open(path).ok()?;
        settle(&connection).ok()?;
        let head = "SELECT size, last FROM head WHERE form = ?1 AND origin = ?2 AND index_key = ?3";
        let read = |row: &Columns<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
        let (size, last) = connection.query_row(head, params![FORM, origin, index_key], read).ok()?;
        let size = u64::try_from(size).ok()?;
        let is_same = size == 0 || last_hash(log_folder, size).is_ok_and(|hash| hash == last);
        is_same.then(|| Self::of(connection, size))
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the rows of the leaves `from` to `size`. Where another has taken them in meanwhile, nothing is done.
    ///
    /// # Errors
    /// [`IndexError`]; then it covers what is written.
    pub(super) fn take(&mut self, rows: &Rows, from: u64, size: u64) -> Result<(), IndexError> {
        if self.size != from {
            return Ok(());
        }
        self.change(|connection, known| take_in(connection, rows, size, known))?;
        self.size = size;
        self.write_if_due()
    }

    /// Makes a change in the transaction that is not written yet. Where that fails, all of the transaction is taken back.
    fn change(
        &mut self,
        make: impl FnOnce(&Connection, &mut Numbers) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let begun = if self.connection.is_autocommit() { self.connection.execute_batch("BEGIN") } else { Ok(()) };
        self.since.get_or_insert_with(Instant::now);
        let made = begun.map_err(IndexError::from).and_then(|()| make(&self.connection, &mut self.known));
        if made.is_err() {
            self.take_back();
        }
        made
    }

    fn take_back(&mut self) {
        if !self.connection.is_autocommit() {
            // What cannot even be taken back is not written either.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        (self.size, self.since, self.known) = (self.written, None, Numbers::default());
    }

    /// Writes what waits, if it is much or waits for long.
    pub(super) fn write_if_due(&mut self) -> Result<(), IndexError> {
        let waits = self.since.is_some_and(|since| since.elapsed() >= TOGETHER_FOR);
        if waits || self.size - self.written >= TOGETHER { self.write() } else { Ok(()) }
    }

    /// Writes what waits to the file: from here on a process that is killed leaves it there.
    pub(super) fn write(&mut self) -> Result<(), IndexError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            self.take_back();
            return Err(error.into());
        }
        let leaves = self.size - self.written;
        (self.written, self.since) = (self.size, None);
        if leaves < FEW { Ok(self.connection.release_memory()?) } else { Ok(()) }
    }

    /// Makes a change that is written at once.
    pub(super) fn change_at_once(
        &mut self,
        make: impl FnOnce(&Connection) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        self.change(|connection, known| {
            // Numbers that were given may be gone.
            *known = Numbers::default();
            make(connection)
        })?;
        self.write()
    }

    /// Forgets a person under one data key.
    pub(super) fn forget(&mut self, person: &[u8; 16], data_key: &str) -> Result<(), IndexError> {
        self.forgotten += 1;
        self.change_at_once(|connection| forget(connection, Some(person), data_key))
    }

    /// The queries about a person, newest first, as far as the person may know of them today.
    pub(super) fn about(&self, wanted: &Wanted, today: Date) -> Result<Vec<Found>, IndexError> {
        let mut select = self.connection.prepare_cached(
            "SELECT leaf, place, length, notice, due, fetched FROM query WHERE person = ?1 AND leaf < ?2 AND at >= ?3 AND at < ?4 \
             AND (known_from <= ?5 OR notice IS NOT NULL) ORDER BY leaf DESC LIMIT ?6",
        )?;
        let Wanted { person, before, from, until, most } = wanted;
        let values = params![person.as_slice(), signed(*before), from, until, day_number(today), most];
        let found = select.query_map(values, |row| {
            let notice = row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs);
            let correction = match (row.get::<_, Option<i64>>(4)?, row.get::<_, Option<i64>>(5)?) {
                (None, _) => None,
                (due, fetched) if fetched > due => Some(CorrectionState::Fetched),
                (Some(_), _) => Some(CorrectionState::Due),
            };
            Ok(Found { place: place(row)?, notice, correction })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// What was done for a person by somebody else, newest first.
    pub(super) fn acts(&self, person: &[u8; 16], most: u32) -> Result<Vec<Place>, IndexError> {
        let sql = "SELECT leaf, place, length FROM act WHERE person = ?1 ORDER BY leaf DESC LIMIT ?2";
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_map(params![person.as_slice(), most], place)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The answers about a person before a removal of which no later leaf says that a correction is due.
    pub(super) fn answered(&self, person: &[u8; 16], before: Removal, today: Date) -> Result<Vec<Place>, IndexError> {
        let (by, due, before) = match before {
            Removal::Leaf(leaf) => ("leaf", "due", signed(leaf)),
            Removal::At(at) => ("at", "due_at", at.as_microsecond()),
        };
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT leaf, place, length FROM said WHERE person = ?1 AND {by} < ?2 AND code IS NULL \
             AND institution IS NOT NULL AND (due IS NULL OR {due} < ?2) AND (known_from <= ?3 OR notice IS NOT NULL) \
             ORDER BY leaf"
        ))?;
        let found = select.query_map(params![person.as_slice(), before, day_number(today)], place)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The answers to an institution of which a correction is due, by leaves after this one.
    pub(super) fn due(&self, institution: &str, after: u64, most: u32) -> Result<Vec<Due>, IndexError> {
        let mut select = self.connection.prepare_cached(
            "SELECT leaf, place, length, due, due_at FROM query WHERE due_of = ?1 AND due > ?2 ORDER BY due LIMIT ?3",
        )?;
        let found = select.query_map(params![institution, signed(after), most], |row| {
            Ok(Due { place: place(row)?, due: row.get::<_, i64>(3)?.unsigned_abs(), at: row.get(4)? })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The consents on which queries about a person were asked, the one used last first, each with its last query.
    pub(super) fn consents(&self, person: &[u8; 16], most: u32, today: Date) -> Result<Vec<ConsentFound>, IndexError> {
        let mut select = self.connection.prepare_cached(
            "SELECT MAX(leaf), place, length, consent FROM said WHERE person = ?1 AND consent IS NOT NULL \
             AND code IS NULL AND (known_from <= ?2 OR notice IS NOT NULL) GROUP BY consent ORDER BY leaf DESC LIMIT ?3",
        )?;
        let found = select.query_map(params![person.as_slice(), day_number(today), most], |row| {
            Ok((row.get::<_, Vec<u8>>(3)?, place(row)?))
        })?;
        let found = found.map(|row| row.map(|(key, last)| key.try_into().ok().map(|key| ConsentFound { key, last })));
        Ok(found.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// How often a person was answered about himself or herself from an instant on.
    pub(super) fn count_own(&self, person: &[u8; 16], from: i64) -> Result<u64, IndexError> {
        let mut select = self.connection.prepare_cached(
            "SELECT COUNT(*) FROM said WHERE person = ?1 AND institution IS NULL AND scenario = 'self-query' \
             AND code IS NULL AND at >= ?2",
        )?;
        let count: i64 = select.query_row(params![person.as_slice(), from], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The ids of all queries about one person.
    pub(super) fn ids_about(&self, person: &[u8; 16]) -> Result<Vec<Uuid>, IndexError> {
        let mut select = self.connection.prepare_cached("SELECT id FROM query WHERE person = ?1")?;
        let found = select.query_map(params![person.as_slice()], |row| row.get::<_, Vec<u8>>(0))?;
        Ok(found.filter_map(|id| id.map(|id| Uuid::from_slice(&id).ok()).transpose()).collect::<Result<_, _>>()?)
    }

    /// The leaf of a query, by its id.
    pub(super) fn leaf_of(&self, id: Uuid) -> Result<Option<u64>, IndexError> {
        let mut select = self.connection.prepare_cached("SELECT leaf FROM query WHERE id = ?1")?;
        let leaf = select.query_row(params![id.as_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(leaf.map(i64::unsigned_abs))
    }

    /// For whom and what there are queries about somebody, month by month.
    pub(super) fn asked(&self) -> Result<Vec<Asked>, IndexError> {
        let all = "SELECT DISTINCT institution, on_behalf, scenario, data_key.id FROM asked \
                   JOIN combination ON combination.number = combination JOIN data_key ON data_key.number = data_key \
                   ORDER BY data_key.id, institution, on_behalf, scenario";
        let mut select = self.connection.prepare_cached(all)?;
        let read = |row: &Columns<'_>| {
            let (institution, on_behalf, scenario, data_key) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Asked { institution, on_behalf, scenario, data_key })
        };
        Ok(select.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// Compares all rows with those of another index of the same size.
    pub(super) fn compare(&self, other: &Self) -> Result<(), IndexError> {
        if self.asked()? != other.asked()? {
            return Err(IndexError::Differs(self.size));
        }
        self.compare_rows(other, "leaf, place, length, person, data_key", "act")?;
        self.compare_rows(other, "leaf, place, length, query", "look")?;
        // Whose key is destroyed is told nothing: what a notice of them said opens no more.
        let said = SAID.replace("notice", "CASE WHEN person IS NULL THEN NULL ELSE notice END");
        self.compare_rows(other, &said, "said")?;
        if days(&self.connection, u32::MAX)? == days(&other.connection, u32::MAX)? {
            Ok(())
        } else {
            Err(IndexError::Differs(self.size))
        }
    }

    fn compare_rows(&self, other: &Self, columns: &str, table: &str) -> Result<(), IndexError> {
        let (all, width) = (format!("SELECT {columns} FROM {table} ORDER BY 1"), columns.split(',').count());
        let values = |row: &Columns<'_>| values(row, width);
        let (mut ours, mut theirs) = (self.connection.prepare(&all)?, other.connection.prepare(&all)?);
        let (mut ours, mut theirs) = (ours.query([])?, theirs.query([])?);
        loop {
            let pair = (ours.next()?.map(values).transpose()?, theirs.next()?.map(values).transpose()?);
            match pair {
                (None, None) => return Ok(()),
                (Some(one), Some(other)) if one == other => {}
                (Some((leaf, _)), Some((other, _))) => return Err(IndexError::Differs(leaf.min(other))),
                (Some((leaf, _)), None) | (None, Some((leaf, _))) => return Err(IndexError::Differs(leaf)),
            }
        }
    }
}

/// The first three columns.
pub(super) fn place(row: &Columns<'_>) -> Result<Place, rusqlite::Error> {
    let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Place { leaf: number(0)?, offset: number(1)?, length: number(2)? })
}

type Values = (u64, Vec<rusqlite::types::Value>);

fn values(row: &Columns<'_>, columns: usize) -> Result<Values, rusqlite::Error> {
    let all = (0..columns).map(|column| row.get(column)).collect::<Result<Vec<_>, _>>()?;
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), all))
}

fn settle(connection: &Connection) -> Result<(), rusqlite::Error> {
    // It is made again from the log where a crash leaves it broken, so it need not be written before anything goes on.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -PAGES_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Statements that are kept: all that it has.
const STATEMENTS: usize = 64;

/// Removes the file with what SQLite keeps beside it, which would be taken for that of the next one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The hash of the last of so many leaves.
fn last_hash(log_folder: &Path, size: u64) -> io::Result<Vec<u8>> {
    let mut hash = Vec::new();
    let read = bundles::each(log_folder, size - 1, size, |_, leaf| {
        hash = leaf_hash(leaf).to_vec();
        Ok(())
    });
    read.map(|()| hash).map_err(io::Error::other)
}

impl Drop for IndexFile {
    fn drop(&mut self) {
        // What cannot be written is read from the log again.
        drop(self.write());
    }
}
