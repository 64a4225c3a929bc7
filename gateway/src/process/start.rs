//! From settings to a gateway that can serve: everything is read, checked and recovered before a port is opened.

mod carry;
mod check;
mod error;
mod first_leaves;
mod inputs;
mod keys;
mod places;
mod project;
mod register;
mod rules;
mod tls;
mod warnings;

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use credit_audit::{
    clock::Clock,
    leaf::Actor,
    log::{self, Contents},
};
use credit_keys::{Ring, SystemEntropy};
use credit_policy::Catalogue;
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

pub(crate) use check::{Checked, check};
pub(crate) use error::StartError;
pub(crate) use inputs::{Inputs, read};
pub(crate) use keys::{open_ring, read_kek};
pub(crate) use project::state_file;
pub(crate) use rules::{load_catalogue, read_catalogue};
pub(crate) use tls::TlsSettings;

use crate::{
    changes::record_key,
    gateway::{Gateway, StoreHandle},
    keyring::Keyring,
    process::cores,
    recorder::Recorder,
    settings::Settings,
    state::{CatalogueHistory, Counts, projection::Projection},
    stores::{
        copy,
        sqlite::{OpenError, Opening, SqliteStore},
    },
    telemetry::{self, metrics::Metrics},
};
use carry::Before;
use first_leaves::FirstLeaves;
use keys::{RingSigner, check_ring, not_introduced};

/// Opens everything with what was read. The log is recovered and takes records from here on; no port is open yet.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) async fn open(
    settings: Settings,
    inputs: Inputs,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Gateway>, StartError> {
    let entropy = SystemEntropy::new();
    let Inputs { catalogue, files, ring, register, issuers } = inputs;
    let catalogue = Arc::new(catalogue);
    let metrics = Metrics::new(clock.now())?;
    make_data_folder(&settings.data.dir)?;
    let store = open_store(&settings, &catalogue, &clock)?;
    let signer = Box::new(RingSigner(ring.log_signer(&settings.log.origin)?));
    let recovered = log::recover(log_settings(&settings), Arc::clone(&clock))?;
    let OnRecord { mut projection, is_new, before } =
        read_record(&settings, &catalogue, &ring, Some(recovered.contents()), clock.now())?;
    let keys = Arc::new(Keyring::new(ring, &settings.log.origin, clock.now(), &entropy)?);
    let previous = before.as_ref().map(|before| before.previous.clone());
    let carried = before.map_or_else(Vec::new, |before| before.carry(&catalogue, &projection, clock.now()));
    register::apply(&register, &carry::with(&projection.ledger, &carried))?;
    register::acting(&register, &settings.consent_issuers)?;
    let is_in_force = projection.ledger.last_catalogue().is_some_and(|set| set.label == catalogue.label());
    let log = recovered.start(signer, projection.ledger.seqs.clone().into_iter().collect())?;
    let recorder = Recorder::new(log.clone(), Arc::clone(&clock));
    let first = FirstLeaves { recorder: &recorder };
    if is_new {
        first.open(&settings.log.origin, previous).await?;
    }
    first.carry(carried, &mut projection).await?;
    if !is_in_force {
        first.catalogue(rules::leaf(&catalogue, &files), &mut projection).await?;
    }
    let now = clock.now();
    for key in not_introduced(&keys.with(|ring| ring.status(now)), &projection.ledger.keys) {
        record_key(&recorder, &keys, &key, now, Actor::gateway()).await?;
    }
    let catalogue_history = CatalogueHistory::of(&projection.ledger.catalogues, catalogue.label());
    let (ledger, usage) = projection.finish();
    Ok(Arc::new(Gateway {
        catalogue_history,
        register,
        state: Counts::new(usage, ledger.seqs, Arc::clone(&catalogue)),
        catalogue,
        keys,
        store: StoreHandle::new(store),
        log,
        recorder,
        clock,
        entropy,
        issuers,
        metrics,
        journeys: Arc::new(Semaphore::new(settings.bounds.journeys)),
        changes: tokio::sync::Mutex::new(()),
        receipt_readers: Semaphore::new(2),
        ending: AtomicBool::new(false),
        draining: watch::Sender::new(false),
        settings,
    }))
}

/// What the log says, and the log before where a new one has not said everything of it yet.
struct OnRecord {
    projection: Projection,
    is_new: bool,
    before: Option<Before>,
}

fn read_record(
    settings: &Settings,
    catalogue: &Catalogue,
    ring: &Ring,
    log: Option<&Contents>,
    now: Timestamp,
) -> Result<OnRecord, StartError> {
    let projection = project::project(settings, catalogue, log)?;
    if projection.ledger.sealed {
        return Err(StartError::Sealed(settings.data.dir.display().to_string()));
    }
    check_ring(&ring.status(now), &projection.ledger.keys)?;
    // Before the first query everything of the log before is said again: a crash in between says the rest.
    let continues = settings.log.continues.as_deref().filter(|_| projection.ledger.seqs.is_empty());
    let before = continues.map(|path| carry::read(path, &settings.log.origin, ring, catalogue, now)).transpose()?;
    Ok(OnRecord { projection, is_new: log.is_none_or(|log| log.size() == 0), before })
}

fn open_store(
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    clock: &Arc<dyn Clock>,
) -> Result<SqliteStore, StartError> {
    let store = &settings.store;
    Ok(SqliteStore::open(Opening {
        path: store.sqlite.clone(),
        copies: settings.data.dir.clone(),
        readers: store.readers.unwrap_or_else(cores),
        queue: store.queue,
        timeout: Duration::from_millis(store.timeout_ms),
        catalogue: Arc::clone(catalogue),
        clock: Arc::clone(clock),
    })?)
}

/// Whether the store could be opened, without a copy of it.
///
/// # Errors
/// As [`open`] says it.
fn check_store(settings: &Settings) -> Result<(), StartError> {
    let path = &settings.store.sqlite;
    let sound = copy::open_in_place(path).and_then(|store| copy::is_sound(&store));
    sound.map_err(|fault| OpenError::new(path.clone(), fault).into())
}

fn log_settings(settings: &Settings) -> log::Settings {
    let mut log = log::Settings::new(&settings.data.dir, &settings.log.origin);
    log.rollback_guard = settings.second_place();
    log.segment_bytes = settings.log.segment_mib << 20;
    log.linger = Duration::from_micros(settings.log.linger_us);
    log.publish_every = Duration::from_millis(settings.log.publish_every_ms);
    log.report = Arc::new(|line| tracing::error!(line, "log"));
    log.stop = Arc::new(|| {
        telemetry::flush_lines();
        std::process::abort()
    });
    log
}

fn make_data_folder(dir: &Path) -> Result<(), StartError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| StartError::File {
        doing: "make",
        path: dir.display().to_string(),
        source,
    })
}
