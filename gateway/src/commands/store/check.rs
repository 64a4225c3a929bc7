//! `store check`: reads the store as it lies, and tells what does not fit: places and row numbers, never values.

use std::path::PathBuf;

use super::{check_mapped, check_remote, found, place::Place};
use crate::{
    commands::failure::{ConfigFile, Failure},
    stores::{
        copy,
        copy_fault::CopyFault,
        examine::{Tally, examine},
        layout::TABLES,
    },
    terminal::said,
};

#[derive(clap::Args)]
pub(in crate::commands) struct Arguments {
    /// The name of a store, or a file that is not in its place yet; left out = the one that the configuration names 数据源名称或文件
    #[arg(value_name = "STORE")]
    store: Option<PathBuf>,
    /// Read only the first ROWS rows of each table; of a database 10000 where nothing is said 每表只读前若干行；数据库默认 10000 行
    #[arg(long, value_name = "ROWS", conflicts_with = "all")]
    sample: Option<u64>,
    /// Read all rows of a database, however long it takes 读取数据库的全部行
    #[arg(long)]
    all: bool,
    /// The map of the file's tables, where they are not the gateway's own 文件所用的映射
    #[arg(long, value_name = "MAP")]
    map: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// 0 where nothing was found, 1 where something was, 64 where there is no store to read.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (settings, domain) = super::domain::read(&arguments.config)?;
    if let Some(store) = check_remote::named(&settings, arguments.store.as_ref()) {
        let sample = if arguments.all { None } else { Some(arguments.sample.unwrap_or(check_remote::ROWS)) };
        return check_remote::run(&settings, store, &domain, sample);
    }
    let Place { path, map } = &super::place::named(&settings, arguments.store.as_ref())?;
    let path_shown = path.display();
    let fault = |fault: &CopyFault| {
        said(|| format!("`{path_shown}`：{}", fault.chinese()), || format!("`{path_shown}`: {fault}"))
    };
    let store = copy::open_in_place(path).map_err(|error| Failure::usage(fault(&error)))?;
    if let Some(map) = arguments.map.as_ref().or(map.as_ref()) {
        let failed = |error: &CopyFault| Failure::new(1, fault(error));
        return check_mapped::run(&store, map, &domain, arguments.sample, failed);
    }
    if let Err(error) = copy::is_sound(&store) {
        return Err(Failure::new(1, fault(&error)));
    }
    let system = |error: rusqlite::Error| Failure::new(1, fault(&error.into()));
    let mut lines = Vec::new();
    for table in TABLES {
        if !table.is_indexed(&store).map_err(system)? {
            let name = table.name;
            lines.push(said(
                || format!("`{name}` 没有以 `number` 开头的索引：每次查询都须读取整张表"),
                || format!("`{name}` has no index that begins with `number`: each look-up reads the whole table"),
            ));
        }
    }
    let mut tally = Tally::default();
    let read = examine(&store, &domain, arguments.sample, &mut |fault, _| tally.add(&fault), &|| ()).map_err(system)?;
    lines.extend(found::lines(&tally));
    let [records, listings, attributes] = read.rows;
    found::told(&[("record", records), ("listing", listings), ("attribute", attributes)], arguments.sample, lines)
}
