//! From settings to a gateway that can serve: everything is read, checked and recovered before a port is opened.

mod carry;
mod error;
mod keys;
mod rules;

use std::{fs, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use credit_audit::{
    clock::Clock,
    leaf::{Act, Actor, CatalogueSet, Entry, Event, LeafError, Open, Seal},
    log::{self, Recovered},
};
use credit_keys::SystemEntropy;
use credit_policy::Catalogue;
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

pub use error::StartError;
pub use keys::{open_ring, read_kek};
pub use rules::{load_catalogue, read_catalogue};

use crate::{
    callers::{
        institution::InstitutionRecord,
        issuers::Issuers,
        register::{Register, RegisterError},
    },
    changes::record_key,
    gateway::{Gateway, StoreHandle},
    keyring::Keyring,
    process::cores,
    recorder::Recorder,
    settings::Settings,
    state::{
        State,
        catalogue_history::CatalogueHistory,
        fold,
        snapshot::{Held, Snapshot},
    },
    stores::sqlite::SqliteStore,
    telemetry::metrics::Metrics,
};
use carry::{Carry, apply_changes, carry_over, previous};
use keys::{RingSigner, not_introduced};

/// Opens everything. The log is recovered and takes records from here on; no port is open yet.
///
/// # Errors
/// The first thing that is not as it must be.
pub async fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Gateway>, StartError> {
    let entropy = SystemEntropy::new();
    let (catalogue, files) = read_catalogue(&settings)?;
    let ring = open_ring(&settings)?;
    let (bounds, floods) = (&settings.bounds, &settings.floods);
    let register = Register::new(bounds.journeys_per_institution, bounds.connections_per_institution, floods.multiple);
    for entry in &settings.institutions {
        register.add(&InstitutionRecord::of_entry(entry).map_err(RegisterError::from)?)?;
    }
    let issuers = Issuers::read(&settings.consent_issuers)?;
    let readers = settings.store.readers.unwrap_or_else(cores);
    let metrics = Metrics::new(clock.now())?;
    let store = SqliteStore::open(
        &settings.store.sqlite,
        readers,
        settings.store.queue,
        Duration::from_millis(settings.store.timeout_ms),
    )?;
    make_data_folder(&settings.data.dir)?;
    let signer = Box::new(RingSigner(ring.log_signer(&settings.log.origin)?));
    let recovered = log::recover(log_settings(&settings), Arc::clone(&clock))?;
    let keys = Arc::new(Keyring::new(ring, &settings.log.origin, clock.now(), &entropy)?);
    let mut held = fold_all(&settings, &catalogue, &recovered)?;
    let new = recovered.size() == 0;
    if held.changes.last().is_some_and(|(_, leaf)| serde_json::from_str::<Seal>(leaf).is_ok()) {
        return Err(StartError::Sealed(settings.data.dir.display().to_string()));
    }
    apply_changes(&register, &held.changes)?;
    // Before the first query everything of the log before is said again: a crash in between says the rest.
    let fresh = held.tally.seqs.is_empty();
    let previous = settings.log.continues.as_deref().filter(|_| fresh).map(previous).transpose()?;
    let carried = match (&settings.log.continues, &previous) {
        (Some(path), Some((checkpoint, _))) => {
            carry_over(path, checkpoint.size, &catalogue, &register, &held, clock.now())?
        }
        (Some(_) | None, _) => Vec::new(),
    };
    let last_catalogue = held.changes.iter().rev().find_map(|(_, leaf)| label_of(leaf));
    let mut catalogue_history =
        CatalogueHistory::of(held.changes.iter().map(|(_, leaf)| leaf.as_str()), catalogue.label());
    let log = recovered.start(signer, held.tally.seqs.clone())?;
    let recorder = Recorder::new(log.clone(), Arc::clone(&clock));
    if new {
        let open = Open {
            origin: settings.log.origin.clone(),
            previous: previous.map(|(_, previous)| previous),
            software: concat!("credit-gateway ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        record(&recorder, open.entry(recorder.new_id())).await?;
    }
    for change in carried {
        let id = recorder.new_id();
        let entry = match change {
            Carry::Catalogue(former) => {
                catalogue_history.push(record(&recorder, former.entry(id)).await?, false);
                continue;
            }
            Carry::Institution(change) => change.entry(id, Actor::gateway()),
            Carry::Suspension(change) => change.entry(id, Actor::gateway()),
            Carry::Counts(counts) => {
                held.tally.carry(&counts)?;
                counts.entry(id)
            }
        };
        record(&recorder, entry).await?;
    }
    if last_catalogue.as_deref() != Some(catalogue.label()) {
        let entry = rules::leaf(&catalogue, &files).entry(recorder.new_id());
        catalogue_history.push(record(&recorder, entry).await?, true);
    }
    let now = clock.now();
    for key in not_introduced(&keys.with(|ring| ring.status(now)), &held.changes) {
        record_key(&recorder, &keys, &key, now, Actor::gateway()).await?;
    }
    Ok(Arc::new(Gateway {
        catalogue: Arc::new(catalogue),
        catalogue_history,
        register,
        state: State::new(held.tally),
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
        draining: watch::Sender::new(false),
        settings,
    }))
}

fn log_settings(settings: &Settings) -> log::Settings {
    let mut log = log::Settings::new(&settings.data.dir, &settings.log.origin);
    log.rollback_guard = settings.second_place();
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

/// Records, and says when.
async fn record(recorder: &Recorder, entry: Result<Entry, LeafError>) -> Result<Timestamp, StartError> {
    Ok(recorder.record(entry?).await?.at)
}
