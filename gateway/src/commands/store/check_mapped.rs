//! `store check` of tables that a map describes: columns, an index on the key, the form of every value.

use std::path::Path;

use credit_policy::Language;
use rusqlite::Connection;

use super::found;
use crate::{
    commands::failure::Failure,
    stores::{
        copy_fault::CopyFault,
        examine::Domain,
        map::{Examined, Map},
        mapped,
    },
    terminal::{chinese, language, print, said},
};

/// 0 where nothing was found, 1 where something was.
pub(super) fn run(
    store: &Connection,
    named: &Path,
    domain: &Domain,
    sample: Option<u64>,
    failed: impl Fn(&CopyFault) -> Failure,
) -> Result<(), Failure> {
    let map = Map::open(named, domain.catalogue()).map_err(Failure::usage)?;
    let map = crate::stores::copy::is_mapped(store, &map).map_err(|fault| failed(&fault))?;
    let system = |error: rusqlite::Error| failed(&error.into());
    let lines: Vec<String> = mapped::without_index(store, &map)
        .map_err(system)?
        .into_iter()
        .map(|(source, key)| {
            said(
                || format!("`{source}` 的 `{key}` 没有索引：每次查询都须读取整张表"),
                || format!("`{source}` has no index on `{key}`: each look-up reads the whole table"),
            )
        })
        .collect();
    let (examined, _) = mapped::examine(store, &map, domain.day(), sample, &|| ()).map_err(system)?;
    told(&examined, sample, lines)
}

/// Prints what was read and what was found, beside `lines`.
pub(super) fn told(examined: &Examined, sample: Option<u64>, mut lines: Vec<String>) -> Result<(), Failure> {
    lines.extend(examined.faults.each().map(|(place, count, what, rows)| match language() {
        Language::Zh => format!("`{place}`：{count} 个值为{}：第 {rows} 行", chinese().of(&what.to_string())),
        Language::En => format!("`{place}`: {count} with {what}: row {rows}"),
    }));
    for (place, count) in &examined.published_otherwise {
        print(said(
            || format!("`{place}`：{count} 行的公示截止期与规则目录的展示期限不同；不据以计算"),
            || format!("`{place}`: {count} rows end otherwise than by the catalogue's clock, which is what counts"),
        ));
    }
    let rows: Vec<_> = examined.rows.iter().map(|(source, rows)| (source.as_str(), *rows)).collect();
    found::told(&rows, sample, lines)
}
