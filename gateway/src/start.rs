//! From settings to a gateway that can serve: everything is read, checked and recovered before a port is opened.

use std::{collections::HashMap, fs, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use credit_audit::{
    clock::Clock,
    leaf::{CatalogueFile, CatalogueSet, Entry, Event, InstitutionChange, KeyEvent, LeafError, Open, Suspension},
    log::{self, Log, RecoverError, Recovered, Signer, StartError as LogStartError},
};
use credit_keys::{Kek, KekError, KeyError, LogSigner, Ring, RingError, Secret, SystemEntropy};
use credit_policy::{Catalogue, Fault, InstitutionId, InstitutionKind, catalogue};
use tokio::sync::{Semaphore, watch};

use crate::{
    fold::{self, FoldError},
    gateway::{Gateway, new_id},
    keyring::{Keyring, KeyringError},
    metrics::Metrics,
    register::{Particulars, Register, RegisterError, particulars},
    settings::{CatalogueSource, Settings},
    snapshot::{Held, Snapshot},
    state::State,
    store::sqlite::{OpenError, SqliteStore},
};

/// Why a gateway does not start. Each is one line for the operator: what, where, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or folder.
    #[error("cannot {doing} `{path}`: {source}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The catalogue has faults.
    #[error("the catalogue does not load: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Catalogue(Vec<Fault>),
    /// The key that opens the ring.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// The ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The keys in force.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Demo keys outside the demo.
    #[error(
        "the key ring in `{0}` is the demo's, which anybody can have: make your own with `credit-gateway keys init`"
    )]
    DemoKeys(String),
    /// The log's folder.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// The log's threads.
    #[error(transparent)]
    Log(#[from] LogStartError),
    /// A leaf that cannot be read.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The state file.
    #[error("the state file cannot be used ({0}); move it away: it is made anew from the log")]
    State(#[from] rusqlite::Error),
    /// The state knows more leaves than the log has.
    #[error(
        "the state covers {state} leaves, the log has {log}: records were lost; restore the log, or start as a new one"
    )]
    LogShort {
        /// Leaves that the state covers.
        state: u64,
        /// Leaves of the log.
        log: u64,
    },
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The metrics.
    #[error("metrics cannot be set up: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The first leaves.
    #[error("the start could not be recorded: {0}")]
    Unrecorded(String),
}

/// Signs checkpoints with the ring's log key.
struct RingSigner(LogSigner);

impl Signer for RingSigner {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
}

/// Reads the catalogue of the configuration, and its files.
///
/// # Errors
/// Every fault of it, with file and line.
pub fn read_catalogue(settings: &Settings) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    load_catalogue(&settings.catalogue)
}

/// Reads a catalogue from where it is, and its files.
///
/// # Errors
/// Every fault of it, with file and line.
pub fn load_catalogue(source: &CatalogueSource) -> Result<(Catalogue, Vec<(String, String)>), StartError> {
    let files = match &source.dir {
        None => catalogue::shipped(),
        Some(dir) => {
            let mut files = Vec::new();
            collect(dir, dir, &mut files)?;
            files.sort();
            files
        }
    };
    let loaded = Catalogue::load(&files).map_err(StartError::Catalogue)?;
    Ok((loaded, files))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), StartError> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |source| StartError::File { doing: "read", path, source }
    };
    for entry in fs::read_dir(folder).map_err(fault(folder))? {
        let path = entry.map_err(fault(folder))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|end| end == "toml" || end == "cedar") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).map_err(fault(&path))?));
        }
    }
    Ok(())
}

/// Opens the key ring of the configuration.
///
/// # Errors
/// When it does not open, or is the demo's outside the demo.
pub fn open_ring(settings: &Settings) -> Result<Ring, StartError> {
    let ring = Ring::open(&settings.keys.dir, &read_kek(settings)?)?;
    if ring.is_demo() && !settings.demo {
        return Err(StartError::DemoKeys(settings.keys.dir.display().to_string()));
    }
    Ok(ring)
}

/// The key that opens the ring, from its file or by the passphrase.
///
/// # Errors
/// When the file is missing, open to others or holds no key.
pub fn read_kek(settings: &Settings) -> Result<Kek, StartError> {
    if let Some(path) = &settings.keys.key_file {
        return Ok(Kek::from_key_file(path)?);
    }
    let path = settings.keys.passphrase_file.clone().unwrap_or_default();
    let passphrase = fs::read_to_string(&path).map_err(|source| StartError::File {
        doing: "read",
        path: path.display().to_string(),
        source,
    })?;
    Ok(Kek::from_passphrase(Secret::new(passphrase.trim_end_matches('\n').to_owned()))?)
}

/// Opens everything. The log is recovered and takes records from here on; no port is open yet.
///
/// # Errors
/// The first thing that is not as it must be.
pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Gateway>, StartError> {
    let entropy = SystemEntropy::new();
    let (catalogue, files) = read_catalogue(&settings)?;
    let ring = open_ring(&settings)?;
    let register = Register::new(settings.bounds.journeys_per_institution);
    for entry in &settings.institutions {
        register.add(&particulars(entry)?)?;
    }
    let readers = settings.store.readers.unwrap_or_else(cores);
    let store = SqliteStore::open(
        &settings.store.sqlite,
        readers,
        settings.store.queue,
        Duration::from_millis(settings.store.timeout_ms),
    )?;
    make_data_folder(&settings.data.dir)?;
    let signer = Box::new(RingSigner(ring.log_signer(&settings.log.origin)?));
    let recovered = log::recover(log_settings(&settings), Arc::clone(&clock))?;
    let (keys, made) = Keyring::new(ring, &settings.log.origin, clock.now(), &entropy)?;
    let held = fold_all(&settings, &catalogue, &recovered)?;
    apply_changes(&register, &held.changes)?;
    let new = recovered.size() == 0;
    let last_catalogue = held.changes.iter().rev().find_map(|(_, leaf)| label_of(leaf));
    let log = recovered.start(signer, held.tally.seqs.clone())?;
    if new {
        let open = Open {
            origin: settings.log.origin.clone(),
            previous: None,
            software: concat!("credit-gateway ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        record(&log, open.entry(new_id(&*clock, &entropy))).await?;
    }
    if last_catalogue.as_deref() != Some(catalogue.label()) {
        record(&log, catalogue_leaf(&catalogue, &files).entry(new_id(&*clock, &entropy))).await?;
    }
    if let Some(key) = made {
        record(&log, key_made(key.as_str()).entry(new_id(&*clock, &entropy))).await?;
    }
    Ok(Arc::new(Gateway {
        catalogue: Arc::new(catalogue),
        register,
        state: State::new(held.tally),
        keys,
        store,
        log,
        clock,
        entropy,
        metrics: Metrics::new()?,
        journeys: Arc::new(Semaphore::new(settings.bounds.journeys)),
        receipt_readers: Semaphore::new(2),
        draining: watch::Sender::new(false),
        settings,
    }))
}

/// Threads that serve: one a core that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The leaf of a data key that was made for a new period.
#[must_use]
pub fn key_made(id: &str) -> KeyEvent {
    KeyEvent {
        key: id.to_owned(),
        use_: "data".to_owned(),
        state: "active".to_owned(),
        activates: None,
        by: "credit-gateway".to_owned(),
    }
}

fn log_settings(settings: &Settings) -> log::Settings {
    let mut log = log::Settings::new(&settings.data.dir, &settings.log.origin);
    log.second_place = settings.second_place();
    log.segment_bytes = settings.log.segment_mib << 20;
    log.linger = Duration::from_micros(settings.log.linger_us);
    log.publish_every = Duration::from_millis(settings.log.publish_every_ms);
    log.report = Arc::new(|line| tracing::error!(line, "log"));
    log
}

fn make_data_folder(dir: &Path) -> Result<(), StartError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| StartError::File {
        doing: "make",
        path: dir.display().to_string(),
        source,
    })
}

/// Snapshot plus the leaves that it does not cover.
fn fold_all(settings: &Settings, catalogue: &Catalogue, recovered: &Recovered) -> Result<Held, StartError> {
    let mut held = Snapshot::open(&state_file(settings))?.read(&settings.log.origin)?;
    if held.size > recovered.size() {
        return Err(StartError::LogShort { state: held.size, log: recovered.size() });
    }
    for leaf in recovered.leaves(held.size) {
        let (index, leaf) = leaf?;
        fold::absorb(&mut held, catalogue, index, &leaf)?;
    }
    Ok(held)
}

/// The snapshot's file.
#[must_use]
pub fn state_file(settings: &Settings) -> std::path::PathBuf {
    settings.data.dir.join("state.sqlite")
}

fn label_of(leaf: &str) -> Option<String> {
    serde_json::from_str::<CatalogueSet>(leaf).ok().map(|set| set.label)
}

fn catalogue_leaf(catalogue: &Catalogue, files: &[(String, String)]) -> CatalogueSet {
    CatalogueSet {
        label: catalogue.label().to_owned(),
        files: files
            .iter()
            .map(|(path, text)| CatalogueFile {
                path: path.clone(),
                sha256: ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
                    .as_ref()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect(),
            })
            .collect(),
    }
}

/// Brings the register to where the record says that it was left.
fn apply_changes(register: &Register, changes: &[(u64, String)]) -> Result<(), StartError> {
    let mut suspended: HashMap<String, bool> = HashMap::new();
    for (_, leaf) in changes {
        if let Ok(change) = serde_json::from_str::<InstitutionChange>(leaf) {
            let unknown = || RegisterError::Unusable(change.institution.clone());
            register.add(&Particulars {
                id: InstitutionId::parse(&change.institution).map_err(|_| unknown())?,
                kind: InstitutionKind::parse(&change.institution_kind).ok_or_else(unknown)?,
                certificates: change.certificates.clone(),
                rate_per_s: change.rate_per_s,
                burst: change.burst,
                distinct_subjects_a_day: change.distinct_subjects_a_day,
                look_ups_a_person_a_day: change.look_ups_a_person_a_day,
            })?;
        } else if let Ok(change) = serde_json::from_str::<Suspension>(leaf) {
            suspended.insert(change.institution, change.suspended);
        }
    }
    for (id, _) in suspended.iter().filter(|(_, suspended)| **suspended) {
        // One that left the configuration since cannot ask either way.
        if let Ok(institution) = register.by_id(id) {
            register.set_suspended(&institution, true);
        }
    }
    Ok(())
}

async fn record(log: &Log, entry: Result<Entry, LeafError>) -> Result<(), StartError> {
    let fault = |why: &dyn std::fmt::Display| StartError::Unrecorded(why.to_string());
    let entry = entry.map_err(|error| fault(&error))?;
    let ticket = log.submit(entry, false, || true).map_err(|error| fault(&error))?;
    ticket.await.map(drop).map_err(|error| fault(&error))
}
