//! `store check|explain|import`: what an operator does with data before the gateway answers from them.

mod check;
mod check_mapped;
mod check_remote;
mod domain;
mod explain;
mod import;
mod import_mapped;
mod place;

use clap::Subcommand;

use super::failure::Failure;

#[derive(Subcommand)]
pub(super) enum Store {
    /// Find what in the store does not fit: tables, columns, classes, dates, numbers 检查数据源
    Check(check::Arguments),
    /// Print what a scenario asks of which store; nobody is asked about 查看某应用场景向各数据源查询什么
    Explain(explain::Arguments),
    /// Make a store of CSV files, spreadsheet text or spreadsheets, all or nothing 导入数据，全部成功或全部放弃
    Import(import::Arguments),
}

pub(super) fn run(command: Store) -> Result<(), Failure> {
    match command {
        Store::Check(arguments) => check::run(&arguments),
        Store::Explain(arguments) => explain::run(&arguments),
        Store::Import(arguments) => import::run(&arguments),
    }
}
