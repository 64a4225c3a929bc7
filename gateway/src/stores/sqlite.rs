//! The embedded store: SQLite, read by a fixed number of threads, each with a connection of its own and prepared plans; a
//! small one by whoever asks ([`super::at_hand`]).
//!
//! A look-up asks only for the classes, lists and fields of its plan; what else a row or a table holds never leaves
//! SQLite. What is read is a private copy; see [`super::watch`] for when it is taken.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use credit_audit::clock::Clock;
use credit_policy::{Catalogue, CitizenNumber, ClassName, FetchPlan, FieldName, History, Personal};
use rusqlite::{Connection, ErrorCode, Row};
use tokio::sync::oneshot;

use super::{
    at_hand::AtHand,
    contract::{Asked, LookUp, LookUps, Probe, Store},
    copy::{Serving, Source},
    copy_fault::CopyFault,
    fault::{StoreError, StoreFault},
    figures::Figures,
    layout::{ATTRIBUTE, LISTING, RECORD, TABLES, Table},
    map::Map,
    mapped_look_up,
    people::unsuspected,
    progress::Progress,
    rows,
    watch::{Standing, Watch},
};

/// How long a reader waits before it looks again whether a writer has let go of the store.
const GATE_EVERY: Duration = Duration::from_millis(1);

/// A file that stays as it is is read again so often.
const READ_AGAIN: Duration = Duration::from_secs(24 * 3_600);

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the store `{}`: {cause}", path.display())]
pub(crate) struct OpenError {
    path: PathBuf,
    cause: OpenFault,
}

#[derive(Debug, thiserror::Error)]
enum OpenFault {
    #[error(transparent)]
    Copy(#[from] CopyFault),
    #[error("no thread for a reader: {0}")]
    Thread(#[from] std::io::Error),
}

impl OpenError {
    /// That this file cannot be read.
    pub(crate) fn new(path: PathBuf, cause: CopyFault) -> Self {
        Self { path, cause: cause.into() }
    }

    /// Whether a later start may succeed with the same file.
    pub(crate) fn may_pass(&self) -> bool {
        match &self.cause {
            OpenFault::Copy(fault) => fault.may_pass(),
            OpenFault::Thread(_) => true,
        }
    }

    /// In Chinese.
    pub(crate) fn chinese(&self) -> String {
        let cause = match &self.cause {
            OpenFault::Copy(fault) => fault.chinese(),
            OpenFault::Thread(error) => format!("无法为读取创建线程（{error}）"),
        };
        format!("无法打开数据源 `{}`：{cause}", self.path.display())
    }
}

/// What a store is opened with.
pub(crate) struct Opening {
    /// The operator's file.
    pub(crate) path: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// The folder of the private copies.
    pub(crate) copies: PathBuf,
    /// Threads that read.
    pub(crate) readers: usize,
    /// Questions that may wait for each.
    pub(crate) queue: usize,
    /// The deadline of a look-up.
    pub(crate) timeout: Duration,
    /// Whose names the rows must have.
    pub(crate) catalogue: Arc<Catalogue>,
    /// What its tables are; without it, the gateway's own.
    pub(crate) map: Option<Arc<Map>>,
    /// The one clock.
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a reader is asked.
enum Question {
    /// What a plan says of each person.
    Persons(Vec<Asked>),
    /// Whether what look-ups read can be read; nobody is asked about, and nothing is told.
    Probe,
}

struct Job {
    question: Question,
    deadline: Instant,
    reply: oneshot::Sender<Found>,
}

/// What was found of each person, or why nobody was looked for.
type Found = Result<Vec<Result<History, StoreError>>, StoreError>;

/// Handle to the reader threads.
pub(crate) struct SqliteStore {
    readers: Vec<SyncSender<Job>>,
    next: AtomicUsize,
    timeout: Duration,
    figures: Arc<Figures>,
    standing: Arc<Standing>,
    /// Dropped with the store, and the watch ends.
    _watched: Sender<()>,
}

impl SqliteStore {
    /// Takes a copy of the file, checks it, and starts the threads that read it and the one that watches the file.
    ///
    /// # Errors
    /// When the file cannot be read or is no store of the known schema.
    pub(crate) fn open(opening: Opening) -> Result<Self, OpenError> {
        let path = opening.path.clone();
        Self::started(opening).map_err(|cause| OpenError { path, cause })
    }

    fn started(opening: Opening) -> Result<Self, OpenFault> {
        let Opening { path, name, copies, readers, queue, timeout, catalogue, map, clock } = opening;
        let figures = Arc::new(Figures::default());
        let (count, in_memory) = (readers.max(1), readers_at_hand());
        let progress = Arc::new(Progress::new());
        let standing = Arc::new(Standing {
            next: (0..count).map(|_| Mutex::default()).collect(),
            at_hand: AtHand::new(in_memory),
            fault: ArcSwapOption::empty(),
            progress: Arc::clone(&progress),
        });
        let source = Source { path, name, copies, readers: count, in_memory, map, progress };
        let (on, by) = (Arc::clone(&standing), Arc::clone(&figures));
        let watch = Watch { source, catalogue, clock, standing: on, figures: by, read_again: READ_AGAIN };
        let seen = watch.begin()?;
        let readers = (0..count).map(|number| start_reader(number, queue, &standing, &figures));
        let readers = readers.collect::<Result<_, std::io::Error>>()?;
        let (watched, ended) = channel();
        std::thread::Builder::new().name("store-watch".to_owned()).spawn(move || watch.run(seen, &ended))?;
        Ok(Self { readers, next: AtomicUsize::new(0), timeout, figures, standing, _watched: watched })
    }

    async fn look_up_one(&self, asked: Asked) -> Result<History, StoreError> {
        self.check_file()?;
        match self.standing.at_hand.look_up(&asked, |serving| about(serving, &asked)) {
            Some(found) => found,
            None => {
                let found = self.ask(Question::Persons(vec![asked])).await?.pop();
                found.unwrap_or(Err(StoreError::Failed(StoreFault::ReaderEnded)))
            }
        }
    }

    async fn look_up_each(&self, asked: Vec<Asked>) -> Found {
        self.check_file()?;
        let at_hand = |one: &Asked| self.standing.at_hand.look_up(one, |serving| about(serving, one));
        let mut found: Vec<_> = asked.iter().map(at_hand).collect();
        let others: Vec<_> = asked.into_iter().zip(&found).filter(|(_, found)| found.is_none()).collect();
        if !others.is_empty() {
            let others = others.into_iter().map(|(one, _)| one).collect();
            let read = self.ask(Question::Persons(others)).await?;
            found.iter_mut().filter(|found| found.is_none()).zip(read).for_each(|(place, one)| *place = Some(one));
        }
        let ended = || Err(StoreError::Failed(StoreFault::ReaderEnded));
        Ok(found.into_iter().map(|one| one.unwrap_or_else(ended)).collect())
    }

    fn check_file(&self) -> Result<(), StoreError> {
        self.standing.fault.load_full().map_or(Ok(()), |fault| Err(StoreError::Failed(StoreFault::File(fault))))
    }

    async fn ask(&self, question: Question) -> Found {
        self.check_file()?;
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
                        Ok(Ok(found)) => found,
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

impl Store for SqliteStore {
    fn look_up(&self, asked: Asked) -> LookUp<'_> {
        Box::pin(self.look_up_one(asked))
    }

    /// What is not at hand by one way to a reader and back, one after the other there: a statement in the same process costs little.
    fn look_up_all(&self, asked: Vec<Asked>) -> Result<LookUps<'_>, Vec<Asked>> {
        Ok(Box::pin(self.look_up_each(asked)))
    }

    fn is_at_hand(&self) -> bool {
        self.standing.at_hand.has_copies()
    }

    fn probe(&self) -> Probe<'_> {
        Box::pin(async {
            self.ask(Question::Probe).await?;
            if self.standing.progress.is_stuck() { Err(StoreError::Failed(StoreFault::Stuck)) } else { Ok(()) }
        })
    }

    fn figures(&self) -> &Figures {
        &self.figures
    }
}

/// Each worker thread has its turn with one.
fn readers_at_hand() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn start_reader(
    number: usize,
    queue: usize,
    standing: &Arc<Standing>,
    figures: &Arc<Figures>,
) -> Result<SyncSender<Job>, std::io::Error> {
    let (sender, jobs) = sync_channel(queue);
    let (standing, figures) = (Arc::clone(standing), Arc::clone(figures));
    std::thread::Builder::new()
        .name(format!("store-{number}"))
        .spawn(move || read(number, &standing, &jobs, &figures))?;
    Ok(sender)
}

/// A reader thread: one job after the other, each interrupted at its deadline.
fn read(number: usize, standing: &Standing, jobs: &Receiver<Job>, figures: &Figures) {
    let deadline = Arc::new(Mutex::new(Instant::now()));
    let mut serving = None;
    while let Ok(job) = jobs.recv() {
        figures.is_read();
        let next = standing.next.get(number).and_then(|next| next.lock().ok()?.take());
        if let Some(mut next) = next {
            interrupt_at(&mut next.store, &deadline);
            serving = Some(next);
        }
        if let Ok(mut deadline) = deadline.lock() {
            *deadline = job.deadline;
        }
        let found = match &serving {
            Some(serving) if Instant::now() <= job.deadline => look_up(serving, &job, &standing.at_hand),
            Some(_) => Err(StoreError::Timeout),
            None => Err(StoreError::Failed(StoreFault::ReaderEnded)),
        };
        // A journey that passed its own deadline needs no answer any more.
        drop(job.reply.send(found));
    }
}

fn interrupt_at(connection: &mut Connection, deadline: &Arc<Mutex<Instant>>) {
    let watched = Arc::clone(deadline);
    let passed = move || watched.lock().is_ok_and(|deadline| Instant::now() > *deadline);
    // SQLite asks every 1,000 steps of its machine whether to stop.
    if let Err(error) = connection.progress_handler(1_000, Some(passed)) {
        tracing::error!(%error, "a store reader could not be set up");
    }
}

fn look_up(serving: &Serving, job: &Job, at_hand: &AtHand) -> Found {
    let is_probe = matches!(job.question, Question::Probe);
    if let Some(gate) = serving.gate.as_ref().filter(|_| is_probe || at_hand.is_due()) {
        pass(gate, job.deadline)?;
        // What a probe sees lets nobody overtake a writer that comes after it.
        if !is_probe {
            at_hand.saw_no_writer();
        }
    }
    match (&job.question, &serving.map) {
        (Question::Persons(all), _) => Ok(all.iter().map(|asked| about(serving, asked)).collect()),
        (Question::Probe, None) => probe(&serving.store).map(|()| Vec::new()),
        (Question::Probe, Some(map)) => mapped_look_up::probe(&serving.store, map).map(|()| Vec::new()),
    }
}

/// What the copy has about a person. It never changes, so the parts of a history are of one moment.
fn about(serving: &Serving, asked: &Asked) -> Result<History, StoreError> {
    unsuspected(&serving.suspects, &asked.person)?;
    match &serving.map {
        None => history(&serving.store, &asked.person, &asked.plan),
        Some(map) => mapped_look_up::history(&serving.store, map, asked),
    }
}

/// Waits while another has the store to itself: what is being committed is not overtaken by an answer of before. What
/// else is wrong with the file, the watch says.
fn pass(gate: &Connection, deadline: Instant) -> Result<(), StoreError> {
    loop {
        let read = gate.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1").and_then(|mut one| one.exists([]));
        match read.map_err(|error| error.sqlite_error_code()) {
            Err(Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) if Instant::now() < deadline => {
                std::thread::sleep(GATE_EVERY);
            }
            Err(Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => return Err(StoreError::Timeout),
            Ok(_) | Err(_) => return Ok(()),
        }
    }
}

/// Runs the statements of a look-up for a number that nobody has, and tells nothing of it.
fn probe(connection: &Connection) -> Result<(), StoreError> {
    for table in TABLES {
        rows(connection, table, "", std::iter::once(""), |_| Ok(()))?;
    }
    Ok(())
}

pub(super) fn history(
    connection: &Connection,
    person: &Personal<CitizenNumber>,
    plan: &FetchPlan,
) -> Result<History, StoreError> {
    person.disclose(|number| {
        let number = number.as_str();
        let classes = plan.classes().iter().map(ClassName::as_str);
        let lists = plan.lists().iter().map(|list| list.as_str());
        let attributes = plan.attributes().iter().map(FieldName::as_str);
        Ok(History {
            records: rows(connection, &RECORD, number, classes, rows::record)?,
            listings: rows(connection, &LISTING, number, lists, rows::listing)?,
            attributes: rows(connection, &ATTRIBUTE, number, attributes, rows::attribute)?,
        })
    })
}

/// Runs one prepared statement over the names that the plan asks for; asks nothing where it asks for none.
fn rows<'a, T>(
    connection: &Connection,
    table: &Table,
    number: &'a str,
    names: impl Iterator<Item = &'a str>,
    read: fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let values: Vec<&str> = std::iter::once(number).chain(names).collect();
    if values.len() == 1 {
        return Ok(Vec::new());
    }
    let mut query = String::with_capacity(table.select.len() + 3 * values.len() + 3);
    query.push_str(table.select);
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
