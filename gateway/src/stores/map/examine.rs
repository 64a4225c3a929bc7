//! Rows of a store that are examined before anybody asks: what does not fit is counted and named, by source and column.

use std::collections::BTreeMap;

use credit_policy::{CitizenNumber, Personal, Record};
use jiff::civil::Date;

use super::{
    cell::Cell,
    column::{Column, Dated},
    day::Edge,
    number,
    reading::Reading,
    select::Select,
    source::Map,
    unfit::{Unfit, What},
};

/// What is found in a row.
pub(crate) enum Found<'a> {
    /// A value that does not fit; with those of whom the row could be, where no look-up would find it.
    Unfit(Unfit, &'a [Personal<CitizenNumber>]),
    /// An end of publication that is not the end by the catalogue's clock. The clock is right: it is not read.
    PublishedOtherwise(&'a Column),
}

/// Rows whose numbers are kept of each kind of fault.
const NAMED: usize = 10;

/// What was found in a store.
#[derive(Default)]
pub(crate) struct Examined {
    /// What does not fit.
    pub(crate) faults: Faults,
    /// How many rows each source has.
    pub(crate) rows: Vec<(String, u64)>,
    /// In how many rows the store's own end of publication is not the end by the catalogue's clock, by column.
    pub(crate) published_otherwise: BTreeMap<String, u64>,
}

/// Faults by place and kind, with the rows of the first few.
#[derive(Default)]
pub(crate) struct Faults(BTreeMap<(String, What), (u64, Vec<u64>)>);

/// Rows of one source that are examined one after the other, in the order of [`Select::order`].
pub(crate) struct Examination<'m> {
    map: &'m Map,
    select: &'m Select,
    on: Date,
    /// All rows of one person so far, where one attribute may have one value.
    of_one: Option<(Personal<CitizenNumber>, Reading<'m>)>,
}

impl<'m> Examination<'m> {
    /// For what does not fit on this day.
    pub(crate) fn new(map: &'m Map, select: &'m Select, on: Date) -> Self {
        Self { map, select, on, of_one: None }
    }

    /// Tells what of a row does not fit, with the persons of whom it could be where no look-up would find the row: its number is
    /// written in a form that is not asked for.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>], found: &mut dyn FnMut(Found<'_>)) {
        let select = self.select;
        let mut reading = Reading::of_everything(self.map, self.on);
        let row = reading.row(select, cells);
        let lost = lost(select, cells);
        if let Err(unfit) = row {
            // Somebody's number all the same.
            let is_number = unfit.what == What::NoNumber && !lost.is_empty();
            let what = if is_number { What::NotCanonical } else { unfit.what };
            found(Found::Unfit(Unfit { what, ..unfit }, &lost));
            return;
        }
        let read = reading.end();
        if let [record] = read.history.records.as_slice()
            && let Some(column) = published_otherwise(self.map, select, cells, record)
        {
            found(Found::PublishedOtherwise(column));
        }
        for unfit in read.unknown {
            found(Found::Unfit(unfit, &[]));
        }
        if !lost.is_empty() {
            found(Found::Unfit(select.misspelt(), &lost));
        }
        if let Some(unfit) = self.second_value(cells) {
            found(Found::Unfit(unfit, &[]));
        }
    }

    /// That a person's earlier rows give an attribute another value: each look-up that needs it fails.
    fn second_value(&mut self, cells: &[Cell<'_>]) -> Option<Unfit> {
        let (key, cell) = (self.select.columns().first()?, cells.first()?);
        let person = number::number(*cell, key.encoding).ok().filter(|_| self.select.has_single_values())?;
        let is_the_same = |before: &Personal<CitizenNumber>| {
            before.disclose(|before| person.disclose(|person| before.as_str() == person.as_str()))
        };
        match &mut self.of_one {
            Some((before, reading)) if is_the_same(before) => {
                reading.row(self.select, cells).err().filter(|unfit| unfit.what == What::Twice)
            }
            _ => {
                let mut reading = Reading::of_everything(self.map, self.on);
                // It fits alone.
                drop(reading.row(self.select, cells));
                self.of_one = Some((person, reading));
                None
            }
        }
    }
}

/// Of whom a row could be that no look-up finds.
fn lost(select: &Select, cells: &[Cell<'_>]) -> Vec<Personal<CitizenNumber>> {
    let (Some(key), Some(cell)) = (select.columns().first(), cells.first()) else { return Vec::new() };
    let is_asked_for = |person: &CitizenNumber| number::spellings(person).iter().any(|spelling| cell.is(spelling));
    let found = number::number(*cell, key.encoding);
    if found.is_ok_and(|person| person.disclose(is_asked_for)) || !select.is_of_a_person(cells) {
        return Vec::new();
    }
    number::meant(*cell, key.encoding)
}

/// The column with the end of publication, where it says another day than the catalogue's clock.
fn published_otherwise<'m>(map: &Map, select: &'m Select, cells: &[Cell<'_>], record: &Record) -> Option<&'m Column> {
    let at = select.source.records.iter().find_map(|role| role.published_until)?;
    let column = select.source.columns.get(at)?;
    let cell = cells.get(select.place(at)?)?;
    let Ok(Dated::On(published)) = column.day(*cell, Edge::Ends, &map.catalogue) else { return None };
    (map.catalogue.last_day_shown(record) != Some(published)).then_some(column)
}

impl Faults {
    /// Counts one, in a row that is counted from 1.
    pub(crate) fn add(&mut self, unfit: &Unfit, row: u64) {
        let (count, rows) = self.0.entry((format!("{}.{}", unfit.source, unfit.column), unfit.what)).or_default();
        *count += 1;
        if rows.len() < NAMED {
            rows.push(row);
        }
    }

    /// All that were counted.
    #[must_use]
    pub(crate) fn total(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// One line a place and kind: how many, and in which rows.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.each().map(|(place, count, what, rows)| format!("`{place}`: {count} with {what}: row {rows}"))
    }

    /// Place, how many, what, and the rows.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, u64, What, String)> {
        self.0.iter().map(|((place, what), (count, rows))| {
            let more = if *count > rows.len() as u64 { ", …" } else { "" };
            let rows: Vec<_> = rows.iter().map(u64::to_string).collect();
            (place.as_str(), *count, *what, format!("{}{more}", rows.join(", ")))
        })
    }
}
