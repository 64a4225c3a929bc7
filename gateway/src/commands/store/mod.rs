//! `store check|import`: what an operator does with data before the gateway answers from them.

mod check;
mod domain;
mod import;
mod place;

use clap::Subcommand;

use super::failure::Failure;

#[derive(Subcommand)]
pub(super) enum Store {
    /// Find what in the store does not fit: tables, columns, classes, dates, numbers 检查数据源
    Check(check::Arguments),
    /// Make a store of CSV files or spreadsheet text, all or nothing 导入数据，全部成功或全部放弃
    Import(import::Arguments),
}

pub(super) fn run(command: Store) -> Result<(), Failure> {
    match command {
        Store::Check(arguments) => check::run(&arguments),
        Store::Import(arguments) => import::run(&arguments),
    }
}
