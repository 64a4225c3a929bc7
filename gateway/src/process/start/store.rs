//! The store at start.

use std::{sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use credit_policy::Catalogue;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{error::StartError, places::there};
use crate::{
    process::cores,
    settings::Settings,
    stores::{
        copy::{self, CopyFault},
        examine::Domain,
        sqlite::{OpenError, Opening, SqliteStore},
    },
};

pub(super) fn open_store(
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
/// As [`open_store`] says it.
pub(super) fn check_store(settings: &Settings) -> Result<(), StartError> {
    checked(settings, copy::is_sound)
}

/// Whether its copy would be taken: its rows, and the room for it. [`open_store`] finds that itself.
///
/// # Errors
/// As [`open_store`] says it.
pub(super) fn check_copy(settings: &Settings, catalogue: &Arc<Catalogue>, now: Timestamp) -> Result<(), StartError> {
    let domain = Domain::of(catalogue, catalogue.today(now));
    checked(settings, |store| {
        copy::has_room(&settings.store.sqlite, there(&settings.data.dir))?;
        copy::rows(store, &domain, &|| ()).map(drop)
    })
}

fn checked(settings: &Settings, check: impl FnOnce(&Connection) -> Result<(), CopyFault>) -> Result<(), StartError> {
    let path = &settings.store.sqlite;
    let sound = copy::open_in_place(path).and_then(|store| check(&store));
    sound.map_err(|fault| OpenError::new(path.clone(), fault).into())
}
