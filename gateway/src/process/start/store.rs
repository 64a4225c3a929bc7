//! The stores at start.

use std::{path::Path, sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use credit_keys::Ring;
use credit_policy::Catalogue;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    error::StartError,
    keys::{destroyed, open_ring},
    places::there,
    shared_keys, together,
    warnings::{Warning, stored},
};
use crate::{
    cluster::OwnKeys,
    keyring::{keys_digest, shared_by_all},
    objects::Client,
    process::{
        cores,
        replicas::{self, Counted},
    },
    settings::{self, Settings, StoreKind},
    state::ledger::Ledger,
    stores::{
        all::{self, Scope, Stores},
        content::Content,
        contract::Store,
        copy,
        copy_fault::CopyFault,
        examine::Domain,
        http::{
            Endpoint, HttpStore,
            gateway::{self, GatewayStore},
        },
        map::Map,
        postgres::PostgresStore,
        sqlite::{OpenError, Opening, SqliteStore},
    },
};

pub(in crate::process) async fn open_stores(
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    clock: &Arc<dyn Clock>,
) -> Result<Stores, StartError> {
    let scopes = scopes(settings, catalogue)?;
    let mut stores = Stores::new();
    for (store, scope) in settings.stores.iter().zip(scopes) {
        let map = map_of(store, catalogue)?.map(Arc::new);
        let opened: Box<dyn Store> = match store.kind {
            StoreKind::Gateway => {
                let gateway = GatewayStore::new(Endpoint::of(store)?, store, &settings.log.origin)?;
                stores.add_gateway(&store.name, scope, gateway, store.queue);
                continue;
            }
            StoreKind::Sqlite => Box::new(SqliteStore::open(Opening {
                path: store.file().to_owned(),
                name: store.name.clone(),
                copies: settings.data.dir.clone(),
                readers: store.readers.unwrap_or_else(cores),
                queue: store.queue,
                timeout: Duration::from_millis(store.timeout_ms),
                catalogue: Arc::clone(catalogue),
                map,
                clock: Arc::clone(clock),
            })?),
            StoreKind::Http => {
                let endpoint = Endpoint::of(store)?;
                if let Some(map) = &map {
                    endpoint.takes(store, map)?;
                }
                Box::new(HttpStore::new(endpoint, store, map, Arc::clone(catalogue), Arc::clone(clock)))
            }
            StoreKind::Postgres => Box::new(PostgresStore::open(store, map, catalogue, clock).await?),
        };
        stores.add(&store.name, scope, opened, store.queue);
    }
    Ok(stores)
}

/// The map of a store, if its tables are not the gateway's own.
fn map_of(store: &settings::Store, catalogue: &Arc<Catalogue>) -> Result<Option<Map>, StartError> {
    Ok(store.map.as_ref().map(|map| Map::open(map, catalogue)).transpose()?)
}

/// What each store has.
///
/// # Errors
/// When a class is unknown, or an attribute is in two stores.
pub(super) fn scopes(settings: &Settings, catalogue: &Arc<Catalogue>) -> Result<Vec<Scope>, StartError> {
    let stores = &settings.stores;
    let scope = |store: &settings::Store| {
        let scope = Scope::of(&store.name, store.classes.as_deref(), catalogue)?;
        Ok(match map_of(store, catalogue)? {
            Some(map) => scope.within(map.classes(), map.lists(), map.attributes()),
            None => scope,
        })
    };
    let scopes: Vec<_> = stores.iter().map(scope).collect::<Result<_, StartError>>()?;
    let each = stores.iter().map(|store| (store.name.as_str(), store.kind == StoreKind::Gateway));
    all::apart(each.zip(&scopes).map(|((name, is_gateway), scope)| (name, is_gateway, scope)), catalogue)?;
    all::distinct(stores.iter().map(|store| store.name.as_str()).zip(&scopes), catalogue)?;
    Ok(scopes)
}

/// Whether the stores could be opened, without a copy of one.
///
/// # Errors
/// As [`open_stores`] says it.
pub(super) fn check_stores(settings: &Settings, catalogue: Option<&Arc<Catalogue>>) -> Result<(), StartError> {
    checked(settings, catalogue, |_, store, map| match map {
        None => copy::is_sound(store),
        Some(map) => copy::is_mapped(store, map).map(drop),
    })
}

/// Whether the databases can be read, asked once; a start finds that itself.
///
/// # Errors
/// As [`open_stores`] says it.
pub(super) fn check_databases(
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    clock: &Arc<dyn Clock>,
) -> Result<(), StartError> {
    let databases: Vec<_> = settings.stores.iter().filter(|store| store.kind == StoreKind::Postgres).collect();
    if databases.is_empty() {
        return Ok(());
    }
    let ask = async {
        for store in databases {
            let map = map_of(store, catalogue)?.map(Arc::new);
            drop(PostgresStore::open(store, map, catalogue, clock).await?);
        }
        Ok(())
    };
    apart(ask)
}

/// Whether a start could count together with other gateways.
///
/// # Errors
/// Why it could not.
pub(super) fn check_state(
    settings: &Settings,
    ring: &Ring,
    (ledger, before, is_running): (&mut Ledger, Option<&str>, bool),
    clock: &Arc<dyn Clock>,
) -> Result<(), StartError> {
    let now = clock.now();
    let counted = Counted { is_running, ..Counted::of(ledger, before) };
    together::examine(settings, counted.has_answered)?;
    // The data key of a new month is made by the start.
    let keys = ring.state_key(now).ok().zip(ring.sealer(now, &settings.log.origin).ok());
    let digest = keys.map(|(state, sealer)| keys_digest(&state, &sealer));
    let keys = digest.map(|digest| OwnKeys { digest, shared: Arc::new(shared_by_all(ring, now)), now });
    match &settings.state {
        Some(_) => apart(async {
            let gone = destroyed(&ledger.keys);
            shared_keys::examine(settings, (open_ring(settings)?, gone), &counted, clock).await?;
            replicas::examine(settings, keys, &counted).await?;
            Ok(replicas::approvals(settings, ledger, &counted).await?)
        }),
        None => Ok(()),
    }
}

/// Whether the object store of the log takes what is published. A start does not ask: no query waits for it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_objects(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<(), StartError> {
    match &settings.log.objects {
        Some(objects) => apart(async { Ok(Client::new(objects, &settings.log.origin, clock)?.prove().await?) }),
        None => Ok(()),
    }
}

/// On a thread of its own, whatever thread this is: one of a runtime may not wait for another.
fn apart(ask: impl Future<Output = Result<(), StartError>> + Send) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| StartError::File { doing: "start", path: "tokio".to_owned(), source })?;
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(ask)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Whether their copies would be taken, and what their rows say on which nobody should rely. [`open_stores`] finds that itself.
///
/// # Errors
/// As [`open_stores`] says it.
pub(super) fn check_copies(
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    now: Timestamp,
) -> Result<Vec<Warning>, StartError> {
    let domain = Domain::of(catalogue, catalogue.today(now));
    let mut warnings = Vec::new();
    checked(settings, Some(catalogue), |path, store, map| {
        copy::has_room(path, there(&settings.data.dir))?;
        let content = match map {
            None => Content::of_tables(store, &domain, &|| ()),
            Some(map) => Content::of_map(store, &copy::is_mapped(store, map)?, &domain, &|| ()),
        };
        warnings.extend(stored(path, &content?));
        Ok(())
    })?;
    Ok(warnings)
}

fn checked(
    settings: &Settings,
    catalogue: Option<&Arc<Catalogue>>,
    mut check: impl FnMut(&Path, &Connection, Option<&Map>) -> Result<(), CopyFault>,
) -> Result<(), StartError> {
    for store in &settings.stores {
        // Without a catalogue, which is a fault of its own, nobody can say what a map means.
        if catalogue.is_none() && store.map.is_some() {
            continue;
        }
        let map = catalogue.map(|catalogue| map_of(store, catalogue)).transpose()?.flatten();
        match store.kind {
            StoreKind::Sqlite => {
                let path = store.file();
                let sound = copy::open_in_place(path).and_then(|store| check(path, &store, map.as_ref()));
                sound.map_err(|fault| OpenError::new(path.to_owned(), fault))?;
            }
            StoreKind::Http => {
                let endpoint = Endpoint::of(store)?;
                if let Some(map) = &map {
                    endpoint.takes(store, map)?;
                }
            }
            StoreKind::Postgres => PostgresStore::check_files(store)?,
            StoreKind::Gateway => {
                drop(Endpoint::of(store)?);
                gateway::check_keys(store, &settings.log.origin)?;
            }
        }
    }
    Ok(())
}
