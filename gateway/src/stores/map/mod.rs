//! Maps: how the tables, views and interfaces that a department runs already become records, list entries and
//! attributes of the data list.
//!
//! A map is data: a TOML file that names sources, columns, the form of each column, and what they stand for
//! (`docs/stores.md`). What it does not name does not exist for the gateway (R7). It knows no engine: [`Map::selects`] says
//! what must be asked for a plan, an engine asks it, and [`Reading`] makes a history of the cells that came back.
//! Nothing is guessed: a value in another form than the map names fails the look-up ([`Unfit`]), which never carries the
//! value.

mod cell;
mod column;
mod day;
mod decimal;
mod examine;
mod fault;
mod file;
mod imported;
mod load;
mod load_roles;
mod loader;
mod number;
mod open;
mod reading;
mod select;
mod shipped;
mod source;
mod sql;
mod text;
mod unfit;

pub(crate) use cell::Cell;
pub(crate) use column::Column;
pub(crate) use day::last_day_of_the_calendar;
pub(crate) use examine::{Examination, Examined, Found};
pub(crate) use fault::MapFault;
pub(crate) use file::Method;
pub(crate) use imported::imported;
pub(crate) use open::MapError;
pub(crate) use reading::{Read, Reading};
pub(crate) use select::{Exclude, Select};
pub(crate) use shipped::shipped;
pub(crate) use source::{Map, NumberIn, Request, Source};
pub(crate) use unfit::{Unfit, What};

#[cfg(test)]
mod tests;
