//! `store check`: reads the store as it lies, and tells what does not fit: places and row numbers, never values.

use std::path::PathBuf;

use credit_policy::Language;

use crate::{
    commands::failure::{ConfigFile, Failure},
    stores::{
        copy::{self, CopyFault},
        examine::{Tally, examine},
        layout::TABLES,
    },
    terminal::{language, print, said, words},
};

#[derive(clap::Args)]
pub(in crate::commands) struct Arguments {
    /// A store that is not in its place yet; left out = the one that the configuration names 数据源文件
    #[arg(value_name = "STORE")]
    store: Option<PathBuf>,
    /// Read only the first ROWS rows of each table 每表只读前若干行
    #[arg(long, value_name = "ROWS")]
    sample: Option<u64>,
    #[command(flatten)]
    config: ConfigFile,
}

/// 0 where nothing was found, 1 where something was, 64 where there is no store to read.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (settings, domain) = super::domain::read(&arguments.config)?;
    let path = &super::place::embedded(&settings, arguments.store.as_ref())?;
    let path_shown = path.display();
    let fault = |fault: &CopyFault| {
        said(|| format!("`{path_shown}`：{}", fault.chinese()), || format!("`{path_shown}`: {fault}"))
    };
    let store = copy::open_in_place(path).map_err(|error| Failure::usage(fault(&error)))?;
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
    match language() {
        Language::Zh => lines.extend(tally.chinese_lines()),
        Language::En => lines.extend(tally.lines()),
    }
    let [records, listings, attributes] = read;
    print(said(
        || format!("已检查的行数：record {records}，listing {listings}，attribute {attributes}"),
        || format!("rows checked: record {records}, listing {listings}, attribute {attributes}"),
    ));
    if lines.is_empty() {
        print(words("数据源无误", "nothing was found"));
        Ok(())
    } else {
        Err(Failure { code: 1, lines })
    }
}
