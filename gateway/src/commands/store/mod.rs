//! `store check|import`: what an operator does with data before the gateway answers from them.

mod check;
mod import;

use clap::Subcommand;
use credit_audit::clock::{Clock, SystemClock};

use super::failure::{ConfigFile, Failure};
use crate::{process::start, settings::Settings, stores::examine::Domain};

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

/// The configuration, and what the values of its store may be.
fn read(config: &ConfigFile) -> Result<(Settings, Domain), Failure> {
    let settings = config.read()?;
    let (catalogue, _) = start::read_catalogue(&settings).map_err(|error| Failure::start(&error))?;
    let today = catalogue.today(SystemClock::new().now());
    Ok((settings, Domain::of(&catalogue, today)))
}
