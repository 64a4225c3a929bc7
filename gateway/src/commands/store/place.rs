//! Which file a command is about.

use std::path::PathBuf;

use crate::{
    commands::failure::Failure,
    settings::{Settings, Store, StoreKind},
    terminal::words,
};

/// A file, and what its tables are.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Without it, the gateway's own.
    pub(super) map: Option<PathBuf>,
}

impl Place {
    fn of(store: &Store) -> Self {
        Self { path: store.file().to_owned(), map: store.map.clone() }
    }
}

/// The store of that name, or a file; the only one of the configuration where nothing is named.
pub(super) fn named(settings: &Settings, named: Option<&PathBuf>) -> Result<Place, Failure> {
    let mut stores = settings.stores.iter().filter(|store| store.kind == StoreKind::Sqlite);
    if let Some(path) = named {
        let of_name = stores.find(|store| path.as_os_str() == store.name.as_str());
        return Ok(of_name.map_or_else(|| Place { path: path.clone(), map: None }, Place::of));
    }
    match (stores.next(), stores.next()) {
        (Some(only), None) => Ok(Place::of(only)),
        (None, _) | (Some(_), Some(_)) => Err(Failure::usage(words(
            "配置中没有或不止一个 SQLite 数据源：请指明名称或文件",
            "the configuration has no SQLite store, or several: name it, or a file",
        ))),
    }
}

/// The embedded store: the one that is named, else the only one of the configuration.
pub(super) fn embedded(settings: &Settings, file: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    match file {
        Some(path) => Ok(path.clone()),
        None => named(settings, None).map(|place| place.path),
    }
}
