//! What two officers approved is loaded while the gateway serves: a configuration on the disk of which every part is approved
//! and whose day has come. Queries that began go on by the rules with which they began; those that begin then go by the new ones.

mod differs;
mod files;

use std::{collections::BTreeMap, sync::Arc};

use credit_audit::leaf::{Act, Actor, Definitions, Event, LeafError, Read, RegisterChange};
use jiff::civil::Date;

use super::{
    start::{StartError, catalogue_leaf, open_stores},
    upkeep::every_second,
};
use crate::{
    callers::{
        chain::Chain,
        institution::InstitutionRecord,
        register::{RegisterError, has_known_kinds},
        thumbprint::certificates_of_file,
    },
    gateway::Gateway,
    recorder::{NotRecorded, Order},
    rules::{Beside, Follows, Rules, StoreHandle},
    settings::beside,
    state::approvals::{Approvals, loaded_path},
    stores::routes::Routes,
    telemetry::metrics::Duty,
};
use files::{Read as ReadFiles, Seen};

/// Definitions of a leaf, as at a start.
const DEFINITIONS_A_LEAF: usize = 150;

/// Why what was approved is not loaded. What was in force stays so.
#[derive(Debug, thiserror::Error)]
enum NotLoaded {
    /// What must be opened for it.
    #[error("what was approved cannot be loaded: {0}")]
    Start(#[from] StartError),
    /// Its routes.
    #[error("what was approved cannot be loaded: a route does not fit it")]
    Routes,
    /// An institution.
    #[error("what was approved cannot be loaded: {0}")]
    Register(#[from] RegisterError),
    /// A leaf.
    #[error("what was approved cannot be recorded: {0}")]
    Leaf(#[from] LeafError),
    /// The log.
    #[error("what was approved cannot be recorded: {0}")]
    NotRecorded(#[from] NotRecorded),
    /// What a running gateway cannot take.
    #[error("what was approved is loaded at the next start: {0} cannot change in a gateway that serves")]
    AtStart(&'static str),
    /// A defect.
    #[error("it panicked")]
    Panicked,
}

/// Looks every second, as long as the process runs.
pub(super) async fn watch(gateway: Arc<Gateway>) {
    let (mut each_second, mut seen) = (every_second(), Seen::default());
    loop {
        each_second.tick().await;
        let done = look(&gateway, &mut seen).await;
        // A log that is being closed takes nothing more: the next start loads it.
        if gateway.is_draining() {
            return;
        }
        if let Err(error) = &done {
            tracing::error!(%error, "what two officers approved is not loaded; what was in force stays in force");
        }
        gateway.metrics.duty(Duty::Rules, done, gateway.clock.now());
    }
}

async fn look(gateway: &Arc<Gateway>, seen: &mut Seen) -> Result<(), NotLoaded> {
    if !with_approvals(gateway, Approvals::is_by_two) {
        return Ok(());
    }
    let (shared, looking) = (Arc::clone(gateway), std::mem::take(seen));
    let looked = tokio::task::spawn_blocking(move || looking.look(&shared.settings)).await;
    *seen = looked.map_err(|_| NotLoaded::Panicked)?;
    let rules = gateway.rules();
    let others: Vec<_> = seen.read().filter(|read| read.digests != *rules.digests).cloned().collect();
    gateway.in_force.set_follow(others.iter().map(|read| follows(gateway, &rules, read)).collect());
    let today = gateway.today();
    let is_due = |read: &&Arc<ReadFiles>| {
        with_approvals(gateway, |approvals| is_approved(approvals, read))
            && read.holds_from.is_none_or(|day: Date| day <= today)
    };
    match others.iter().find(is_due) {
        Some(due) => load(gateway, &rules, due).await,
        None => Ok(()),
    }
}

fn is_approved(approvals: &Approvals, read: &ReadFiles) -> bool {
    read.digests.iter().all(|(act, digest)| approvals.loadable(act) == Some(digest))
}

fn with_approvals<T>(gateway: &Gateway, look: impl FnOnce(&Approvals) -> T) -> T {
    look(&gateway.approvals.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn follows(gateway: &Gateway, rules: &Rules, read: &ReadFiles) -> Follows {
    let digests = read.digests.clone();
    let differs = differs::between(gateway, rules, read);
    let (_, next) = beside(&gateway.settings.file);
    let is_ready = read.settings.file == next || !next.exists();
    Follows { digests, differs, holds_from: read.holds_from, is_ready }
}

/// Loads all of it. Each step is on the record before it is in force; after a crash in between, the next start loads what the
/// record says is approved, which is the same.
async fn load(gateway: &Arc<Gateway>, before: &Rules, read: &ReadFiles) -> Result<(), NotLoaded> {
    may_change(gateway, before, read)?;
    let is_other = before.catalogue.label() != read.catalogue.label();
    // Opened before anything is recorded: what does not open changes nothing.
    let opened = match is_other {
        true => Some(open(gateway, read).await?),
        false => None,
    };
    let one_after_the_other = gateway.changes.lock().await;
    register(gateway, read).await?;
    let mut after = Rules {
        beside: Arc::new(Beside::of(&read.settings)),
        digests: Arc::new(read.digests.clone()),
        ..before.clone()
    };
    if let Some((stores, routes)) = opened {
        record_catalogue(gateway, read, &mut after).await?;
        after.catalogue = Arc::clone(&read.catalogue);
        after.stores = stores;
        after.routes = routes;
        gateway.metrics.classes(&read.catalogue);
    }
    // If we crash here, the log says that the catalogue is in force, and the next start loads it.
    gateway.in_force.put(after);
    gateway.compare_rules();
    let rules = gateway.rules();
    record_loaded(gateway).await?;
    drop(one_after_the_other);
    tracing::info!(catalogue = rules.catalogue.label(), "what two officers approved is loaded");
    Ok(())
}

/// What other parts of the process were made of at the start.
fn may_change(gateway: &Gateway, before: &Rules, read: &ReadFiles) -> Result<(), NotLoaded> {
    let (now, next) = (&before.catalogue, &read.catalogue);
    let issuers = |settings: &crate::settings::Settings| {
        let of = settings.consent_issuers.iter();
        of.map(|of| (of.iss.clone(), of.institution.as_str().to_owned())).collect::<BTreeMap<_, _>>()
    };
    let faults = [
        (now.offset() != next.offset(), "the offset of the jurisdiction's days"),
        (issuers(&gateway.settings) != issuers(&read.settings), "who may issue consents"),
    ];
    faults.into_iter().find(|(is_so, _)| *is_so).map_or(Ok(()), |(_, what)| Err(NotLoaded::AtStart(what)))
}

type Opened = (Arc<StoreHandle>, Arc<Routes>);

async fn open(gateway: &Gateway, read: &ReadFiles) -> Result<Opened, NotLoaded> {
    let routes = Routes::load(&read.settings, &read.catalogue).map_err(|_| NotLoaded::Routes)?;
    let stores = open_stores(&read.settings, &read.catalogue, &gateway.clock).await?;
    Ok((Arc::new(StoreHandle::new(stores)), Arc::new(routes)))
}

/// Brings the register to what was approved, a leaf each institution.
async fn register(gateway: &Arc<Gateway>, read: &ReadFiles) -> Result<(), NotLoaded> {
    let mut records = Vec::new();
    for entry in &read.settings.institutions {
        let record = InstitutionRecord::of_entry(entry).map_err(RegisterError::from)?;
        has_known_kinds(&record, &read.catalogue)?;
        for path in &entry.certificates {
            let chain = certificates_of_file(path).ok().and_then(Chain::new);
            chain.into_iter().for_each(|chain| gateway.certificates.register(chain));
        }
        records.push(record);
    }
    for known in gateway.register.all() {
        // What two officers approved is the register: whoever does not stand in it is let go.
        if !records.iter().any(|record| record.id.as_str() == known.id()) {
            let leaf = known.record.leaf(RegisterChange::Removed);
            let (shared, id) = (Arc::clone(gateway), known.id().to_owned());
            put(gateway, leaf.entry(gateway.new_id(), Actor::gateway())?, move || shared.register.remove(&id)).await?;
        }
    }
    for record in records {
        let known = gateway.register.by_id(record.id.as_str()).ok();
        if known.as_ref().is_some_and(|known| known.record == record) {
            continue;
        }
        let change = if known.is_some() { RegisterChange::Changed } else { RegisterChange::Added };
        gateway.register.remember(record.certificates.iter().copied());
        let (shared, leaf) = (Arc::clone(gateway), record.leaf(change));
        let entry = leaf.entry(gateway.new_id(), Actor::gateway())?;
        put(gateway, entry, move || shared.register.change(&record)).await??;
    }
    Ok(())
}

async fn put<T: Send + 'static>(
    gateway: &Gateway,
    entry: credit_audit::leaf::Entry,
    effect: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotRecorded> {
    gateway.recorder.put_in_force(Order::RecordFirst, entry, false, effect).await.map(|(_, done)| done)
}

/// The leaves of a catalogue that comes into force, and what its fields mean.
async fn record_catalogue(gateway: &Gateway, read: &ReadFiles, after: &mut Rules) -> Result<(), NotLoaded> {
    let label = read.catalogue.label();
    let leaf = catalogue_leaf(&read.catalogue, &read.files);
    let at = gateway.recorder.record(leaf.entry(gateway.new_id())?).await?.at;
    let all = read.catalogue.definitions();
    let known = after.history.definitions(label);
    let new = |(field, digest): &(&String, &String)| known.and_then(|known| known.get(*field)) != Some(*digest);
    let mut fields = all.iter().filter(new).map(|(field, digest)| (field.clone(), digest.clone()));
    loop {
        let fields: BTreeMap<_, _> = fields.by_ref().take(DEFINITIONS_A_LEAF).collect();
        if fields.is_empty() {
            break;
        }
        let part = Definitions { catalogue: label.to_owned(), fields };
        gateway.recorder.record(part.entry(gateway.new_id())?).await?;
    }
    after.history = Arc::new(after.history.and(at, label, all));
    Ok(())
}

/// Says of each part that was approved that it is loaded.
async fn record_loaded(gateway: &Arc<Gateway>) -> Result<(), NotLoaded> {
    let rules = gateway.rules();
    let to_say: Vec<_> = with_approvals(gateway, |approvals| {
        let is_ours = |act: &str| approvals.loadable(act) == rules.digests.get(act);
        let to_load = approvals.to_load().filter(|(act, _)| is_ours(act));
        to_load.map(|(act, proposal)| loaded_path(act, proposal)).collect()
    });
    for path in to_say {
        let entry = Read { path: path.clone() }.entry(gateway.new_id(), Actor::gateway())?;
        let shared = Arc::clone(gateway);
        let effect = move || {
            let mut approvals = shared.approvals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            approvals.read(&path, Some(&Actor::gateway()));
        };
        put(gateway, entry, effect).await?;
    }
    Ok(())
}
