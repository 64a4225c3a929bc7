//! How many queries there were on each day: counted as they are taken in, so that a chart of days costs the same in a long log.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{error::IndexError, row::Row};

/// Queries of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayCount {
    pub(crate) day: Date,
    pub(crate) answered: u64,
    pub(crate) refused: u64,
}

/// Counts queries by their days.
pub(super) fn count_days(whole: &Connection, rows: &[Row]) -> Result<(), rusqlite::Error> {
    let mut days: BTreeMap<Date, (i64, i64)> = BTreeMap::new();
    for row in rows {
        if let Row::Query(query) = row {
            let (answered, refused) = days.entry(query.day).or_default();
            *if query.code.is_none() { answered } else { refused } += 1;
        }
    }
    let sql = "INSERT INTO day VALUES (?1, ?2, ?3) ON CONFLICT (day) DO UPDATE \
               SET answered = answered + excluded.answered, refused = refused + excluded.refused";
    let mut count = whole.prepare_cached(sql)?;
    for (day, (answered, refused)) in days {
        count.execute(params![day.to_string(), answered, refused])?;
    }
    Ok(())
}

/// The last days on which somebody asked, oldest first.
pub(super) fn days(connection: &Connection, most: u32) -> Result<Vec<DayCount>, IndexError> {
    let mut last = connection.prepare_cached("SELECT day, answered, refused FROM day ORDER BY day DESC LIMIT ?1")?;
    let days = last.query_map(params![most], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
        let day = row.get::<_, String>(0)?.parse().unwrap_or(Date::ZERO);
        Ok(DayCount { day, answered: count(1)?, refused: count(2)? })
    })?;
    let mut days = days.collect::<Result<Vec<_>, _>>()?;
    days.reverse();
    Ok(days)
}
