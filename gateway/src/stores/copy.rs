//! A private copy of the store: taken while nobody writes, checked as a whole, and read by us alone.
//!
//! A SQLite file has no checksums, so what is read while another program writes over it may be anything. The copy is
//! made under SQLite's own read lock, which keeps its writers away, and is given up where the file did not stay as it
//! was, which finds all others. It lies in the data folder, readable by this account only, and has no name any more once
//! the readers have it open.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    content::Content,
    copy_fault::CopyFault,
    examine::{Domain, Suspects},
    layout,
    map::Map,
    mapped,
    people::{People, SMALL},
    progress::Progress,
    stamp::{Mark, Stamp, beside},
};

/// Bytes of SQLite's header.
const HEADER: usize = 100;
/// Bytes that are copied between two signs of life.
const STEP: u64 = 64 << 20;
/// KiB of pages that a reader keeps.
const CACHE_KIB: i64 = 16 << 10;

/// What a reader thread reads.
pub(super) struct Serving {
    /// The copy.
    pub(super) store: Connection,
    /// The operator's file, where its writers lock it: look-ups wait while one has it for itself, as SQLite's readers do.
    pub(super) gate: Option<Connection>,
    /// Who is not answered about.
    pub(super) suspects: Arc<Suspects>,
    /// What its tables are, where they are not the gateway's own.
    pub(super) map: Option<Arc<Map>>,
}

/// A store in memory, or nothing of it.
#[derive(Default)]
pub(super) struct InMemory {
    /// Of the gateway's own tables.
    pub(super) people: Option<People>,
    /// Of a map's tables.
    pub(super) copies: Vec<Serving>,
}

/// A copy that was checked.
pub(super) struct Taken {
    pub(super) mark: Mark,
    pub(super) readers: Vec<Serving>,
    /// The same in memory, where it is small.
    pub(super) in_memory: InMemory,
    /// How many values do not fit, and a line for each place and kind.
    pub(super) faults: u64,
    pub(super) lines: Vec<String>,
    pub(super) suspects: usize,
    /// Rows of classes that may not be there, by class.
    pub(super) unlawful: BTreeMap<String, u64>,
}

/// Where a store is, and what is needed to copy and check it.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The store's name.
    pub(super) name: String,
    /// The folder of the copies.
    pub(super) copies: PathBuf,
    pub(super) readers: usize,
    /// Copies that are held in memory, where they are small.
    pub(super) in_memory: usize,
    /// What the tables are; without it, the gateway's own.
    pub(super) map: Option<Arc<Map>>,
    pub(super) progress: Arc<Progress>,
}

/// Copies that this process took.
static COPIES: AtomicU64 = AtomicU64::new(0);

impl Source {
    /// Takes a copy and checks it. `before` is the one in use.
    pub(super) fn take(&self, domain: &Domain, before: Option<&Mark>) -> Result<Taken, CopyFault> {
        let mark = Mark::of(&self.path).map_err(CopyFault::Read)?;
        let file = File::open(&self.path).map_err(CopyFault::Read)?;
        let is_wal = is_wal(&file)?;
        if mark.wal.is_some() && (!is_wal || before.is_some_and(|before| mark.has_wal_of(before))) {
            return Err(CopyFault::ForeignWal(beside(&self.path, "-wal")));
        }
        // With another catalogue its stores are opened while those before still answer: no copy has the name of another.
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("store-copy-{}-{}-{number}.sqlite", self.name, std::process::id());
        let copy = Named(self.copies.join(name));
        self.copy(&file, &copy.0, is_wal, mark.wal.is_some())?;
        let (Content { faults, lines, suspects, unlawful }, map) = self.check(&copy.0, domain)?;
        let suspects = Arc::new(suspects);
        let readers = (0..self.readers).map(|_| {
            let gate = if is_wal { None } else { Some(open(&self.path)?) };
            Ok(Serving { store: open_copy(&copy.0)?, gate, suspects: Arc::clone(&suspects), map: map.clone() })
        });
        let readers = readers.collect::<Result<_, CopyFault>>()?;
        let in_memory = self.in_memory(&copy.0, &suspects, map.as_ref())?;
        // Last: whatever was read was of this state.
        let now = Mark::of(&self.path).map_err(CopyFault::Read)?;
        let opened = Stamp::from(&file.metadata().map_err(CopyFault::Read)?);
        if now.main != mark.main || opened != mark.main || (!is_wal && now.wal != mark.wal) {
            return Err(CopyFault::Changed);
        }
        Ok(Taken { mark, readers, in_memory, faults, lines, suspects: suspects.len(), unlawful })
    }

    /// The copy in memory, where it is small.
    fn in_memory(&self, copy: &Path, suspects: &Arc<Suspects>, map: Option<&Arc<Map>>) -> Result<InMemory, CopyFault> {
        let Some(map) = map else {
            let people = if self.in_memory == 0 { None } else { People::read(copy, &open_copy(copy)?, suspects)? };
            return Ok(InMemory { people, copies: Vec::new() });
        };
        let copies = (0..self.in_memory).map(|_| {
            let (suspects, map) = (Arc::clone(suspects), Some(Arc::clone(map)));
            Ok(open_in_memory(copy)?.map(|store| Serving { store, gate: None, suspects, map }))
        });
        let copies = copies.collect::<Result<Vec<_>, CopyFault>>()?;
        Ok(InMemory { people: None, copies: copies.into_iter().flatten().collect() })
    }

    fn copy(&self, file: &File, to: &Path, is_wal: bool, has_wal: bool) -> Result<(), CopyFault> {
        let write = |cause| CopyFault::Write { to: to.to_owned(), cause };
        match fs::remove_file(to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write(error)),
            Ok(()) | Err(_) => {}
        }
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(write)?;
        if has_wal {
            return vacuum(&self.path, to, &self.progress);
        }
        // Held until the copy is made: none of SQLite's writers changes the file under it.
        let lock = if is_wal { None } else { Some(lock(&self.path)?) };
        self.progress.beat();
        let mut from = file;
        from.rewind().map_err(CopyFault::Read)?;
        // By reference to the file, so that the system copies, and shares blocks where the file system can.
        while io::copy(&mut from.take(STEP), &mut copy).map_err(write)? > 0 {
            self.progress.beat();
        }
        drop(lock);
        Ok(())
    }

    /// Whether the pages fit each other and what the rows say, side by side: of a large store each takes seconds.
    fn check(&self, copy: &Path, domain: &Domain) -> Result<(Content, Option<Arc<Map>>), CopyFault> {
        std::thread::scope(|scope| {
            let whole = scope.spawn(|| is_whole(&self.open_alive(copy)?));
            let read = self.read(copy, domain);
            // First: of pages that do not fit each other, rows may say anything.
            whole.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            read
        })
    }

    fn read(&self, copy: &Path, domain: &Domain) -> Result<(Content, Option<Arc<Map>>), CopyFault> {
        let connection = self.open_alive(copy)?;
        let beat = || self.progress.beat();
        let Some(map) = &self.map else {
            layout::prepare(&connection).map_err(no_such)?;
            return Ok((Content::of_tables(&connection, domain, &beat)?, None));
        };
        let map = bound(&connection, map)?;
        Ok((Content::of_map(&connection, &map, domain, &beat)?, Some(Arc::new(map))))
    }

    /// A connection whose long statements show that they go on.
    fn open_alive(&self, copy: &Path) -> Result<Connection, CopyFault> {
        let mut connection = open_copy(copy)?;
        let progress = Arc::clone(&self.progress);
        let alive = move || {
            progress.beat();
            false
        };
        connection.progress_handler(100_000, Some(alive))?;
        Ok(connection)
    }
}

/// Fails where a folder has no room for a copy of the store.
pub(crate) fn has_room(path: &Path, copies: &Path) -> Result<(), CopyFault> {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let wanted = bytes(path).saturating_add(bytes(&beside(path, "-wal")));
    let write = |cause| CopyFault::Write { to: copies.to_owned(), cause };
    let room = rustix::fs::statvfs(copies).map_err(|error| write(error.into()))?;
    if room.f_bavail.saturating_mul(room.f_frsize) < wanted {
        return Err(write(io::ErrorKind::StorageFull.into()));
    }
    Ok(())
}

/// Whether the pages fit each other, and the tables are those that look-ups read.
pub(crate) fn is_sound(connection: &Connection) -> Result<(), CopyFault> {
    is_whole(connection)?;
    layout::prepare(connection).map_err(no_such)
}

/// Whether the pages fit each other; and the map with the columns as the tables spell them.
pub(crate) fn is_mapped(connection: &Connection, map: &Map) -> Result<Map, CopyFault> {
    is_whole(connection)?;
    bound(connection, map)
}

fn bound(connection: &Connection, map: &Map) -> Result<Map, CopyFault> {
    mapped::bound(connection, map).map_err(no_such)?.map_err(CopyFault::Unmapped)
}

fn is_whole(connection: &Connection) -> Result<(), CopyFault> {
    // What a row says is for `examine`, which names the row.
    connection.execute_batch("PRAGMA ignore_check_constraints = ON")?;
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    // A column that must not be NULL and is: a row's fault, too.
    if said != "ok" && !said.starts_with("NULL value in ") {
        return Err(CopyFault::Damaged);
    }
    Ok(())
}

/// Of a statement that could not be prepared, SQLite names the table or column.
fn no_such(error: rusqlite::Error) -> CopyFault {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => CopyFault::Layout(msg),
        rusqlite::Error::SqliteFailure(_, Some(msg)) => CopyFault::Layout(msg),
        other => other.into(),
    }
}

/// Opens the operator's file to read it in place, for the commands; with the words of [`CopyFault`] where it cannot be.
pub(crate) fn open_in_place(path: &Path) -> Result<Connection, CopyFault> {
    let mark = Mark::of(path).map_err(CopyFault::Read)?;
    let file = File::open(path).map_err(CopyFault::Read)?;
    let is_wal = is_wal(&file)?;
    drop(file);
    if mark.wal.is_some() && !is_wal {
        return Err(CopyFault::ForeignWal(beside(path, "-wal")));
    }
    // Without changes in a write-ahead log nothing but the file is needed.
    if is_wal && mark.wal.is_none() { open_copy(path) } else { lock(path) }
}

/// Whether the header says WAL mode. Fails where it says that the file is longer than it is.
fn is_wal(mut file: &File) -> Result<bool, CopyFault> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(CopyFault::NoStore),
        read => read.map_err(CopyFault::Read)?,
    }
    let field =
        |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(CopyFault::NoStore);
    }
    let [.., high, low] = field(14).to_be_bytes();
    let page = match u16::from_be_bytes([high, low]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // The count is only good where the two counters of changes agree.
    let pages = if field(24) == field(92) { u64::from(field(28)) } else { 0 };
    let length = file.metadata().map_err(CopyFault::Read)?.len();
    if length < pages * page || page == 0 || !length.is_multiple_of(page) {
        return Err(CopyFault::Cut);
    }
    Ok(header.get(18) == Some(&2))
}

fn open(path: &Path) -> Result<Connection, CopyFault> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    Ok(connection)
}

/// A read transaction on the operator's file.
fn lock(path: &Path) -> Result<Connection, CopyFault> {
    let locked = open(path).and_then(|connection| {
        connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
        Ok(connection)
    });
    locked.map_err(|fault| {
        let needs_more = matches!(fault, CopyFault::Sqlite(Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)));
        let journal = beside(path, "-journal");
        match fault {
            CopyFault::Sqlite(_) if needs_more && journal.exists() => CopyFault::Journal(journal),
            CopyFault::Sqlite(_) if needs_more => CopyFault::Wal { path: path.to_owned() },
            fault => fault,
        }
    })
}

/// One transaction's state of a store with a write-ahead log, whose frames have checksums.
fn vacuum(path: &Path, to: &Path, progress: &Arc<Progress>) -> Result<(), CopyFault> {
    drop(lock(path)?);
    let mut source = open(path)?;
    let alive = Arc::clone(progress);
    let alive = move || {
        alive.beat();
        false
    };
    source.progress_handler(10_000, Some(alive))?;
    let name = to.to_str().ok_or(CopyFault::Sqlite(None))?;
    source.execute("VACUUM INTO ?1", [name]).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            CopyFault::Write { to: to.to_owned(), cause: io::Error::other("the disk is full or fails") }
        }
        _ => error.into(),
    })?;
    Ok(())
}

/// Opens a file that nobody changes: without locks, and never as memory, so that a disk that fails is an error and no
/// signal.
fn open_copy(path: &Path) -> Result<Connection, CopyFault> {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.execute_batch(&format!("PRAGMA mmap_size = 0; PRAGMA cache_size = -{CACHE_KIB}"))?;
    // Opened now, not at the first question: by then the name is gone.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// The whole of a copy in memory, which nobody writes; nothing where it is too large.
pub(super) fn open_in_memory(path: &Path) -> Result<Option<Connection>, CopyFault> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(SMALL + 1).read_to_end(&mut bytes)).map_err(CopyFault::Read)?;
    if bytes.len() as u64 > SMALL {
        return Ok(None);
    }
    // Memory has no write-ahead log, and what was in the file's is in the copy.
    if let Some(versions) = bytes.get_mut(18..20) {
        versions.fill(1);
    }
    let mut connection = Connection::open_in_memory()?;
    let length = bytes.len();
    connection.deserialize_read_exact("main", bytes.as_slice(), length, true)?;
    // Nobody else has it: what is locked once need not be locked for each statement.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(Some(connection))
}

/// A file that is there as long as this.
struct Named(PathBuf);

impl Drop for Named {
    fn drop(&mut self) {
        // What cannot be removed is replaced by the next copy.
        drop(fs::remove_file(&self.0));
    }
}
