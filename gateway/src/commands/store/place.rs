//! Which file a command is about.

use std::path::PathBuf;

use crate::{
    commands::failure::Failure,
    settings::{Settings, StoreKind},
    terminal::words,
};

/// The embedded store: the one that is named, else the only one of the configuration.
pub(super) fn embedded(settings: &Settings, named: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.clone());
    }
    let mut files = settings.stores.iter().filter(|store| store.kind == StoreKind::Sqlite).map(|store| store.file());
    match (files.next(), files.next()) {
        (Some(only), None) => Ok(only.to_owned()),
        (None, _) | (Some(_), Some(_)) => Err(Failure::usage(words(
            "配置中没有或不止一个 SQLite 数据源：请指明文件",
            "the configuration has no SQLite store, or several: name the file",
        ))),
    }
}
