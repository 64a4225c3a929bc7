//! Tables of an SQLite file that a map describes: their columns as they are, and the rows that do not fit.

use jiff::civil::Date;
use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    examine::Suspects,
    map::{Cell, Examination, Examined, Found, Map, MapFault},
};

/// Where the parameters of a statement stand: the two spellings of a number as texts, and both as bytes, for SQLite never takes
/// the one for the other.
pub(super) const PARAMETERS: [&str; 4] = ["?1", "?2", "?3", "?4"];
/// In their place, nobody.
pub(super) const NOBODY: [&str; 4] = [""; 4];

/// The map with the columns as the tables spell them, or all that does not fit.
pub(crate) fn bound(connection: &Connection, map: &Map) -> rusqlite::Result<Result<Map, Vec<MapFault>>> {
    let mut bound = map.clone();
    for source in map.sources() {
        let mut names = connection.prepare_cached("SELECT name FROM pragma_table_xinfo(?1)")?;
        let names = names.query_map([source.table().unwrap_or_default()], |row| row.get(0))?;
        let live = names.collect::<rusqlite::Result<Vec<String>>>()?;
        match bound.bind(source.name(), &live) {
            Ok(map) => bound = map,
            Err(faults) => return Ok(Err(faults)),
        }
    }
    for select in bound.everything() {
        connection.prepare(&select.sql(PARAMETERS))?;
    }
    Ok(Ok(bound))
}

/// The sources whose look-ups read a whole table: there is no index on the key.
pub(crate) fn without_index(connection: &Connection, map: &Map) -> rusqlite::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for select in map.everything() {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", select.sql(PARAMETERS)))?;
        let mut steps = plan.query(NOBODY)?;
        while let Some(step) = steps.next()? {
            if step.get_ref("detail")?.as_str().is_ok_and(|detail| detail.starts_with("SCAN")) {
                let key = select.columns().first().map_or("", |column| column.stored());
                found.push((select.source().name().to_owned(), key.to_owned()));
            }
        }
    }
    Ok(found)
}

/// The cells of a row as they are stored.
pub(super) fn cells<'r>(row: &'r Row<'_>, count: usize) -> rusqlite::Result<Vec<Cell<'r>>> {
    let cell = |at| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Int(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        })
    };
    (0..count).map(cell).collect()
}

/// Reads every row, or the first `most` of each source: counts what does not fit on this day, and remembers about whom a row stands
/// that no look-up finds.
pub(crate) fn examine(
    connection: &Connection,
    map: &Map,
    on: Date,
    most: Option<u64>,
    beat: &dyn Fn(),
) -> rusqlite::Result<(Examined, Suspects)> {
    let (mut examined, mut suspects) = (Examined::default(), Suspects::default());
    for select in map.everything() {
        let mut statement = connection.prepare(&(select.all_sql() + &select.order()))?;
        let mut rows = statement.query([])?;
        let mut examination = Examination::new(map, &select, on);
        let mut count = 0;
        while most.is_none_or(|most| count < most)
            && let Some(row) = rows.next()?
        {
            count += 1;
            let cells = cells(row, select.columns().len())?;
            examination.row(&cells, &mut |found| match found {
                Found::Unfit(unfit, persons) => {
                    examined.faults.add(&unfit, count);
                    persons.iter().for_each(|person| suspects.add_mapped(unfit.clone(), person));
                }
                Found::PublishedOtherwise(column) => {
                    let place = format!("{}.{}", select.source().name(), column.name());
                    *examined.published_otherwise.entry(place).or_default() += 1;
                }
            });
            if count.is_multiple_of(1_024) {
                beat();
            }
        }
        examined.rows.push((select.source().name().to_owned(), count));
    }
    Ok((examined, suspects))
}
