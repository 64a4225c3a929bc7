//! The embedded store: SQLite, read by a fixed number of threads, each with a read-only connection and prepared plans.
//!
//! A look-up asks only for the classes, lists and fields of its plan; what else a row or a table holds never leaves
//! SQLite. Answers are typed, and a value outside its type fails the look-up: a store that lies is not passed on.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use credit_policy::{
    Attribute, CitizenNumber, ClassName, FetchPlan, FieldName, History, List, Listing, Personal, Record, Severity,
    Value,
};
use jiff::civil::Date;
use rusqlite::{Connection, OpenFlags, Row, types::ValueRef};
use tokio::sync::oneshot;

use super::{StoreError, StoreFault, figures::Figures};

/// Fails where a table is missing.
const OPENING: &str = "SELECT number FROM record LIMIT 0; SELECT number FROM listing LIMIT 0; \
                       SELECT number FROM attribute LIMIT 0; PRAGMA mmap_size = 268435456;";

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the store `{}`: {cause}", path.display())]
pub struct OpenError {
    path: PathBuf,
    cause: OpenFault,
}

#[derive(Debug, thiserror::Error)]
enum OpenFault {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("no thread for a reader: {0}")]
    Thread(#[from] std::io::Error),
}

/// What a reader is asked.
enum Question {
    /// What a plan says of a person.
    Person(Arc<Personal<CitizenNumber>>, Arc<FetchPlan>),
    /// Whether the tables can be read; nobody is asked about, and nothing is told.
    Probe,
}

struct Job {
    question: Question,
    deadline: Instant,
    reply: oneshot::Sender<Result<History, StoreError>>,
}

/// Handle to the reader threads.
pub struct SqliteStore {
    readers: Vec<SyncSender<Job>>,
    next: AtomicUsize,
    timeout: Duration,
    figures: Arc<Figures>,
}

impl SqliteStore {
    /// Opens the file read-only, `readers` times, and starts the reader threads.
    ///
    /// # Errors
    /// When the file is missing or is no store of the known schema.
    pub fn open(path: &Path, readers: usize, queue: usize, timeout: Duration) -> Result<Self, OpenError> {
        let figures = Arc::new(Figures::new());
        let readers = (0..readers.max(1)).map(|number| start_reader(path, number, queue, &figures));
        let readers = readers.collect::<Result<_, _>>().map_err(|cause| OpenError { path: path.to_owned(), cause })?;
        Ok(Self { readers, next: AtomicUsize::new(0), timeout, figures })
    }

    /// Looks up what `plan` asks about `person`.
    ///
    /// # Errors
    /// [`StoreError::Timeout`] when no reader is free or the deadline passes, else [`StoreError::Failed`].
    pub async fn fetch(
        &self,
        person: Arc<Personal<CitizenNumber>>,
        plan: Arc<FetchPlan>,
    ) -> Result<History, StoreError> {
        let found = self.ask(Question::Person(person, plan)).await;
        self.figures.looked_up(&found);
        found
    }

    /// Whether the store still answers; due every second. What it finds stands in [`Self::figures`], and the operator is
    /// told of each change once.
    pub async fn probe(&self) {
        let found = self.ask(Question::Probe).await;
        if self.figures.probed(&found) {
            match found {
                Ok(_) => tracing::info!("the store answers again"),
                Err(error) => tracing::error!(%error, "the store does not answer"),
            }
        }
    }

    /// What the store counted of itself.
    #[must_use]
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    async fn ask(&self, question: Question) -> Result<History, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let (reply, answer) = oneshot::channel();
        let mut job = Job { question, deadline, reply };
        // Counted before it is sent: the reader may be faster.
        self.figures.waits();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for offset in 0..self.readers.len() {
            let Some(reader) = self.readers.get(first.wrapping_add(offset) % self.readers.len()) else {
                break;
            };
            match reader.try_send(job) {
                Ok(()) => {
                    // The reader interrupts itself at the deadline; ours is for one that is stuck in the system.
                    return match tokio::time::timeout(self.timeout, answer).await {
                        Ok(Ok(history)) => history,
                        Ok(Err(_)) => Err(StoreError::Failed(StoreFault::ReaderEnded)),
                        Err(_) => Err(StoreError::Timeout),
                    };
                }
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => job = back,
            }
        }
        self.figures.is_read();
        Err(StoreError::Timeout)
    }
}

fn start_reader(
    path: &Path,
    number: usize,
    queue: usize,
    figures: &Arc<Figures>,
) -> Result<SyncSender<Job>, OpenFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(OPENING)?;
    let (sender, jobs) = sync_channel(queue);
    let figures = Arc::clone(figures);
    std::thread::Builder::new().name(format!("store-{number}")).spawn(move || read(connection, &jobs, &figures))?;
    Ok(sender)
}

/// A reader thread: one job after the other, each interrupted at its deadline.
fn read(mut connection: Connection, jobs: &Receiver<Job>, figures: &Figures) {
    let deadline = Arc::new(Mutex::new(Instant::now()));
    let watched = Arc::clone(&deadline);
    let passed = move || watched.lock().is_ok_and(|deadline| Instant::now() > *deadline);
    // SQLite asks every 1,000 steps of its machine whether to stop.
    if let Err(error) = connection.progress_handler(1_000, Some(passed)) {
        tracing::error!(%error, "a store reader could not be set up");
        return;
    }
    while let Ok(job) = jobs.recv() {
        figures.is_read();
        if let Ok(mut deadline) = deadline.lock() {
            *deadline = job.deadline;
        }
        let history = if Instant::now() > job.deadline { Err(StoreError::Timeout) } else { look_up(&connection, &job) };
        // A journey that passed its own deadline needs no answer any more.
        drop(job.reply.send(history));
    }
}

/// One transaction for all tables: the parts of a history are of one moment, and the file is locked once.
fn look_up(connection: &Connection, job: &Job) -> Result<History, StoreError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let history = match &job.question {
        Question::Person(person, plan) => history(connection, person, plan),
        Question::Probe => probe(connection),
    };
    let ended = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    if ended.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    history
}

/// Reads a row of each table, and tells nothing of it.
fn probe(connection: &Connection) -> Result<History, StoreError> {
    for select in ["SELECT 1 FROM record LIMIT 1", "SELECT 1 FROM listing LIMIT 1", "SELECT 1 FROM attribute LIMIT 1"] {
        connection.prepare_cached(select)?.exists([])?;
    }
    Ok(History::default())
}

fn history(connection: &Connection, person: &Personal<CitizenNumber>, plan: &FetchPlan) -> Result<History, StoreError> {
    person.disclose(|number| {
        let number = number.as_str();
        Ok(History {
            records: rows(
                connection,
                "SELECT class, severity, act, determined, sentence_end, effect_end, repaired, repair_revoked, disputed FROM record WHERE number = ?1 AND class IN",
                number,
                plan.classes().iter().map(ClassName::as_str),
                record,
            )?,
            listings: rows(
                connection,
                "SELECT list, since, until, disputed FROM listing WHERE number = ?1 AND list IN",
                number,
                plan.lists().iter().map(|list| list.as_str()),
                listing,
            )?,
            attributes: rows(
                connection,
                "SELECT field, value FROM attribute WHERE number = ?1 AND field IN",
                number,
                plan.attributes().iter().map(FieldName::as_str),
                attribute,
            )?,
        })
    })
}

/// Runs one prepared statement over the names that the plan asks for; asks nothing where it asks for none.
fn rows<'a, T>(
    connection: &Connection,
    select: &str,
    number: &'a str,
    names: impl Iterator<Item = &'a str>,
    read: fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let values: Vec<&str> = std::iter::once(number).chain(names).collect();
    if values.len() == 1 {
        return Ok(Vec::new());
    }
    let mut query = String::with_capacity(select.len() + 3 * values.len() + 3);
    query.push_str(select);
    query.push_str(" (?");
    for _ in 2..values.len() {
        query.push_str(",?");
    }
    query.push(')');
    let mut statement = connection.prepare_cached(&query)?;
    let mut found = statement.query(rusqlite::params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn record(row: &Row<'_>) -> Result<Record, StoreError> {
    Ok(Record {
        class: name(row, 0, ClassName::parse, "record.class")?,
        severity: name(row, 1, |text| Severity::parse(text).ok_or(()), "record.severity")?,
        act: date(row, 2, "record.act")?,
        determined: date(row, 3, "record.determined")?,
        sentence_end: some_date(row, 4, "record.sentence_end")?,
        effect_end: some_date(row, 5, "record.effect_end")?,
        repaired: some_date(row, 6, "record.repaired")?,
        repair_revoked: some_date(row, 7, "record.repair_revoked")?,
        disputed: row.get(8)?,
    })
}

fn listing(row: &Row<'_>) -> Result<Listing, StoreError> {
    Ok(Listing {
        list: name(row, 0, |text| List::parse(text).ok_or(()), "listing.list")?,
        from: date(row, 1, "listing.since")?,
        until: some_date(row, 2, "listing.until")?,
        disputed: row.get(3)?,
    })
}

fn attribute(row: &Row<'_>) -> Result<Attribute, StoreError> {
    let value = match serde_json::from_str(text(row, 1, "attribute.value")?) {
        Ok(serde_json::Value::Null) => Value::Null,
        Ok(serde_json::Value::Bool(value)) => Value::Bool(value),
        Ok(serde_json::Value::String(value)) => Value::Text(value),
        Ok(serde_json::Value::Number(value)) => Value::Int(value.as_i64().ok_or_else(|| untyped("attribute.value"))?),
        Ok(serde_json::Value::Array(_) | serde_json::Value::Object(_)) | Err(_) => {
            return Err(untyped("attribute.value"));
        }
    };
    Ok(Attribute { field: name(row, 0, FieldName::parse, "attribute.field")?, value })
}

fn text<'a>(row: &'a Row<'_>, column: usize, place: &'static str) -> Result<&'a str, StoreError> {
    row.get_ref(column)?.as_str().map_err(|_| untyped(place))
}

fn name<T, E>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, E>,
    place: &'static str,
) -> Result<T, StoreError> {
    parse(text(row, column, place)?).map_err(|_| untyped(place))
}

fn date(row: &Row<'_>, column: usize, place: &'static str) -> Result<Date, StoreError> {
    text(row, column, place)?.parse().map_err(|_| untyped(place))
}

fn some_date(row: &Row<'_>, column: usize, place: &'static str) -> Result<Option<Date>, StoreError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
            date(row, column, place).map(Some)
        }
    }
}

fn untyped(place: &'static str) -> StoreError {
    StoreError::Failed(StoreFault::Untyped(place))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::Timeout,
            code => Self::Failed(StoreFault::Sqlite(code)),
        }
    }
}
