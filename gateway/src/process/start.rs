//! From settings to a gateway that can serve: everything is read, checked and recovered before a port is opened.

mod ahead;
mod approval;
mod carry;
mod check;
mod directory;
mod error;
mod faults;
mod first_leaves;
mod inputs;
mod keys;
mod moving;
mod not_listed;
mod places;
mod project;
mod record;
mod register;
mod rules;
mod shared_keys;
mod standing;
mod store;
mod tls;
mod together;
mod warnings;

use std::{
    fs,
    mem::take,
    os::unix::fs::DirBuilderExt,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use credit_audit::{
    clock::Clock,
    edge::Edge,
    leaf::Actor,
    log::{self, Recovered},
    pruned::PRUNED,
};
use credit_keys::SystemEntropy;
use credit_policy::Catalogue;
use jiff::{Timestamp, tz::Offset};
use tokio::sync::{Semaphore, watch};

pub(crate) use approval::{digests, holds_from};
pub(crate) use check::{Checked, check};
pub(super) use directory::Listed;
pub(crate) use directory::{logs_of_all, own_key};
pub(crate) use error::StartError;
pub(crate) use inputs::{Inputs, read};
pub(crate) use keys::{kek_file, next_kek_file, open_ring, read_kek, read_next_kek, status};
pub(crate) use moving::{Moving, join, leave};
pub(super) use not_listed::NotListed;
pub(crate) use project::state_file;
pub(super) use rules::leaf as catalogue_leaf;
pub(crate) use rules::{load_catalogue, read_catalogue};
pub(super) use store::open_stores;
pub(crate) use tls::TlsSettings;
pub(crate) use warnings::{of_rules, registered, trust_warnings, warnings};

use crate::{
    callers::{issuers::Issuers, register::Register, suspension::StopSwitch},
    changes::{SaidBefore, record_key},
    gateway::{Cases, Gateway, Unfinished, covering::Covering},
    index::{Index, ReviewBook, StatisticsBook},
    journey::record::case_again::CaseBefore,
    keyring::Keyring,
    process::replicas::{self, Counted, Joining},
    recorder::Recorder,
    rules::{Beside, InForce, Rules, StoreHandle},
    settings::Settings,
    state::{
        CatalogueHistory, Counts, about::Abouts, approvals::Approvals, ledger::Ledger, projection::Projection,
        snapshot::Following,
    },
    stores::{all::Stores, routes::Routes},
    telemetry::metrics::Metrics,
};
use carry::Before;
use first_leaves::FirstLeaves;
use keys::{RingSigner, keyring, not_introduced};
pub(crate) use record::log_settings;
use record::{OnRecord, read_record};

/// Opens everything with what was read. The log is recovered and takes records from here on; no port is open yet.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) async fn open(settings: Settings, read: Inputs, clock: Arc<dyn Clock>) -> Result<Arc<Gateway>, StartError> {
    let entropy = SystemEntropy::new();
    let Inputs { catalogue, files, ring, register, certificates, issuers, routes, listed } = read;
    make_data_folder(&settings.data.dir)?;
    let stores = open_stores(&settings, &catalogue, &clock).await?;
    let signer = Box::new(RingSigner(ring.log_signer(&settings.log.origin)?));
    let logs = listed.as_ref().map_or(1, |listed| listed.logs);
    let recovered = recovered(&settings, listed, &clock)?;
    let on_record = read_record(&settings, &catalogue, &ring, Some(recovered.contents()), clock.now())?;
    let OnRecord { mut projection, is_new, before } = on_record;
    let log_before = before.as_ref().map(|before| before.previous.origin.clone());
    let counted = Counted::of(&projection.ledger, log_before.as_deref());
    let keys = keyring((ring, &settings), &projection.ledger.keys, &counted, (&clock, &entropy)).await?;
    let said_before = said(before.as_ref(), &keys, clock.now())?;
    let (previous, approved_before) = before.as_ref().map(|it| (it.previous.clone(), it.approvals())).unzip();
    let carried = before.map_or_else(Vec::new, |before| before.carry(&catalogue, &projection, clock.now()));
    let in_force = carry::with(&projection.ledger, &carried);
    replicas::approvals(&settings, &mut projection.ledger, &counted).await?;
    together::note(&settings, counted.has_answered)?;
    let news = news(&settings, (&catalogue, &register), &projection.ledger.approvals, &in_force)?;
    let said = (&projection.ledger.approvals, approved_before);
    let loads = approval::gate(&settings, &catalogue, &register, said, clock.now())?;
    let standing = standing::read(recovered.contents(), &settings.log.origin, &projection.ledger.standing, &keys)?;
    let joining = Joining::new(&settings, &keys, &counted, &register, &clock)?;
    let log = recovered.start(signer, projection.ledger.seqs.clone().into_iter().collect())?;
    let recorder = Recorder::new(log.clone(), Arc::clone(&clock), joining.cluster());
    let first = FirstLeaves { recorder: &recorder.alone() };
    first.open(is_new, &settings.log.origin, previous).await?;
    first.carry(carried, &mut projection).await?;
    first.rules(&news, loads, (&catalogue, &files), &mut projection).await?;
    introduce_keys((first, &recorder), (&issuers, &keys), &projection, clock.now()).await?;
    let (mut ledger, usage) = projection.finish();
    let (cases, reviews, statistics) = books(&settings, catalogue.offset(), &mut ledger, logs)?;
    let gateway = Arc::new(Gateway {
        in_force: InForce::new(rules_in_force(&settings, &catalogue, &ledger, (stores, routes))?),
        register,
        stops: StopSwitch::thrown(in_force.stops()),
        approvals: Mutex::new(ledger.approvals),
        unfinished: Mutex::new(unfinished(ledger.pruned, log.pruned())),
        certificates,
        cases,
        state: Counts::new(usage, ledger.seqs, Arc::clone(&catalogue), joining.elsewhere()),
        cluster: joining.cluster(),
        visits: joining.visits(&clock),
        abouts: Abouts::open(&settings.data.dir),
        reviews,
        following: Following::default(),
        statistics,
        standing,
        index: open_index(&settings, &keys, log.accepted_now(), &entropy)?,
        keys,
        log,
        recorder,
        metrics: metrics(&catalogue, &*clock)?,
        clock,
        entropy,
        issuers,
        journeys: Arc::new(Semaphore::new(settings.bounds.journeys)),
        changes: tokio::sync::Mutex::default(),
        batches: Arc::new(Semaphore::new(BATCHES)),
        receipt_readers: Semaphore::new(2),
        ending: AtomicBool::new(false),
        draining: watch::Sender::new(false),
        settings,
    });
    say_before(gateway, joining, said_before).await
}

/// What the configuration's register changes; whoever must act is in it.
fn news(
    settings: &Settings,
    (catalogue, register): (&Catalogue, &Register),
    approvals: &Approvals,
    in_force: &Ledger,
) -> Result<register::News, StartError> {
    let is_new = approval::is_new_register(settings, catalogue, approvals)?;
    let news = register::apply(register, in_force, catalogue, is_new)?;
    register::acting(register, catalogue, settings)?;
    Ok(news)
}

fn metrics(catalogue: &Catalogue, clock: &dyn Clock) -> Result<Metrics, StartError> {
    let metrics = Metrics::new(clock.now())?;
    metrics.classes(catalogue);
    Ok(metrics)
}

/// The log, for this process alone; and the directory is remembered, whose place is there by now.
fn recovered(settings: &Settings, listed: Option<Listed>, clock: &Arc<dyn Clock>) -> Result<Recovered, StartError> {
    let recovered = log::recover(log_settings(settings), Arc::clone(clock))?;
    listed.map_or(Ok(()), |listed| listed.remember())?;
    ahead::pass(settings, recovered.last_at(), clock.now())?;
    Ok(recovered)
}

/// What a query is decided and answered by.
fn rules_in_force(
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    ledger: &Ledger,
    (stores, routes): (Stores, Routes),
) -> Result<Rules, StartError> {
    Ok(Rules {
        catalogue: Arc::clone(catalogue),
        history: Arc::new(CatalogueHistory::of(ledger, catalogue.label())),
        stores: Arc::new(StoreHandle::new(stores)),
        routes: Arc::new(routes),
        beside: Arc::new(Beside::of(settings)),
        digests: Arc::new(digests(settings, catalogue)?),
    })
}

/// What persons said in a log before, and cases that were not decided.
type Said = (Option<SaidBefore>, Vec<CaseBefore>);

fn said(before: Option<&Before>, keys: &Keyring, now: Timestamp) -> Result<Said, StartError> {
    let said = before.map(|before| before.said(keys)).transpose()?;
    Ok((said, before.map(|before| before.cases(keys, now)).unwrap_or_default()))
}

/// What the other gateways did comes in force, then what stood in the log before and is in force still.
async fn say_before(gateway: Arc<Gateway>, joining: Joining, (said, cases): Said) -> Result<Arc<Gateway>, StartError> {
    joining.run(&gateway).await?;
    if let Some(said) = said {
        said.record(&gateway).await.map_err(|error| StartError::Said(error.to_string()))?;
    }
    for case in cases {
        case.record(&gateway).await.map_err(|error| StartError::Said(error.to_string()))?;
    }
    Ok(gateway)
}

/// Records the keys of issuers that changed, and the keys of the ring that no leaf has introduced.
async fn introduce_keys(
    (first, recorder): (FirstLeaves<'_>, &Recorder),
    (issuers, keys): (&Issuers, &Arc<Keyring>),
    projection: &Projection,
    now: Timestamp,
) -> Result<(), StartError> {
    first.issuer_keys(&projection.ledger, &issuers.keys().published()).await?;
    for key in not_introduced(&keys.with(|ring| ring.status(now)), &projection.ledger.keys) {
        record_key(recorder, keys, &key, (now, now), Actor::gateway()).await?;
    }
    Ok(())
}

/// What is read of the log once it runs; where records were let go, from there on.
fn books(
    settings: &Settings,
    offset: Offset,
    ledger: &mut Ledger,
    logs: u64,
) -> Result<(Cases, ReviewBook, StatisticsBook), StartError> {
    let (data, origin) = (&settings.data.dir, &settings.log.origin);
    let path = data.join("log").join(PRUNED).display().to_string();
    let edge = Edge::read(&data.join("log"), origin);
    let edge = edge.map_err(|source| StartError::File { doing: "read", path, source })?;
    let cases = (take(&mut ledger.cases), take(&mut ledger.appointments));
    let coverage = match settings.state {
        None => Covering::alone(offset, edge.as_ref()),
        Some(_) => Covering::together(data, origin, offset, edge.as_ref()),
    };
    let cases = Cases::new(cases, take(&mut ledger.figures), coverage);
    cases.list(logs);
    let reviews = ReviewBook::new(data, origin, offset, edge.as_ref());
    Ok((cases, reviews, StatisticsBook::new(data, offset, edge.as_ref())))
}

/// What the log says was let go, and is there still: the process ended in between.
fn unfinished(said: Option<(u64, u64)>, let_go: u64) -> Option<Unfinished> {
    said.filter(|(until, _)| *until > let_go).map(|(until, leaf)| Unfinished { until, leaf })
}

/// The index, where persons have a door or the log is to be searched; it takes in the log behind it.
fn open_index(
    settings: &Settings,
    keys: &Keyring,
    now: Timestamp,
    entropy: &SystemEntropy,
) -> Result<Option<Index>, StartError> {
    if settings.persons.is_none() && !settings.data.index {
        return Ok(None);
    }
    let key = keys.index_key(now, entropy)?;
    Ok(Some(Index::open(&settings.data.dir, &settings.log.origin, key)?))
}

/// Batches under way in the process: each may have 32 MiB of lines in memory.
const BATCHES: usize = 4;

fn make_data_folder(dir: &Path) -> Result<(), StartError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|source| StartError::File {
        doing: "make",
        path: dir.display().to_string(),
        source,
    })
}
