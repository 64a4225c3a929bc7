//! Queries by whom they were asked, for what, and how they ended. There are few such combinations however long the log is: no
//! more than register, catalogue and codes allow. So what a search by them costs does not grow with the log, also where it
//! finds little or nothing.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::row::QueryRow;

/// Institution, scenario and code of a refusal.
type Key = [Option<String>; 3];

/// Their numbers, as far as they were looked up and are written.
#[derive(Default)]
pub(super) struct Combinations(HashMap<Key, i64>);

impl Combinations {
    /// The number of a query's combination; a new one's is the next.
    pub(super) fn number(&mut self, whole: &Connection, row: &QueryRow) -> Result<i64, rusqlite::Error> {
        let key = [&row.institution, &row.scenario, &row.code].map(Option::clone);
        if let Some(number) = self.0.get(&key) {
            return Ok(*number);
        }
        let [institution, scenario, code] = &key;
        let values = params![institution, scenario, code];
        let known = whole
            .prepare_cached("SELECT number FROM combination WHERE institution IS ?1 AND scenario IS ?2 AND code IS ?3")?
            .query_row(values, |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                let add = "INSERT INTO combination (institution, scenario, code) VALUES (?1, ?2, ?3)";
                whole.execute(add, values)?;
                whole.last_insert_rowid()
            }
        };
        self.0.insert(key, number);
        Ok(number)
    }
}
