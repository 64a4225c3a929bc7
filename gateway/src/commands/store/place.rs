//! Which file a command is about.

use std::path::PathBuf;

use crate::{
    commands::failure::Failure,
    settings::{Settings, Store, StoreKind},
    terminal::{said, words},
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

/// The store with the gateway's own tables that is named, or a file; the only SQLite store of the configuration where nothing is
/// named. A database of another kind or layout is a department's own, and nothing is written there.
pub(super) fn own_tables(settings: &Settings, file: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    let of_name = |path: &&PathBuf| settings.stores.iter().find(|store| path.as_os_str() == store.name.as_str());
    if let Some(other) = file.as_ref().and_then(of_name).filter(|store| store.kind != StoreKind::Sqlite) {
        let (name, kind) = (&other.name, other.kind.as_str());
        return Err(Failure::usage(said(
            || format!("数据源 `{name}` 不是 SQLite 文件（kind = \"{kind}\"），不能导入：请指明文件"),
            || {
                format!(
                    "the store `{name}` is no SQLite file (kind = \"{kind}\"), so nothing is imported there: name a file"
                )
            },
        )));
    }
    let Place { path, map } = named(settings, file)?;
    match map {
        None => Ok(path),
        Some(map) => Err(Failure::usage(said(
            || {
                format!(
                    "`{}` 是映射 `{}` 的布局，而导入会换成网关自己的表：请指明另一文件",
                    path.display(),
                    map.display()
                )
            },
            || {
                let (path, map) = (path.display(), map.display());
                format!(
                    "`{path}` has the layout of the map `{map}`, and an import would put the gateway's own tables there: name another file"
                )
            },
        ))),
    }
}
