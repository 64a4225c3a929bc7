//! The newest queries that fit by combination, however few of them there are.

use std::collections::BinaryHeap;

use rusqlite::{OptionalExtension, ToSql, params, params_from_iter};

use super::{
    file::IndexFile,
    search::{Leaves, Outcome, Search},
};

impl IndexFile {
    /// The newest leaves of the queries of one member of staff, or of all, that fit by institution, scenario and outcome; newest
    /// first.
    pub(super) fn newest(&self, search: &Search, (first, end): Leaves, most: u32) -> Result<Vec<i64>, rusqlite::Error> {
        let of_staff = if search.staff.is_some() { "staff = ?4 AND " } else { "" };
        let number = "SELECT number FROM staff WHERE name = ?1";
        let staff = match &search.staff {
            None => None,
            Some(name) => {
                let mut number = self.connection.prepare_cached(number)?;
                let Some(number) = number.query_row(params![name], |row| row.get::<_, i64>(0)).optional()? else {
                    return Ok(Vec::new());
                };
                Some(number)
            }
        };
        let mut before = self.connection.prepare_cached(&format!(
            "SELECT leaf FROM query WHERE {of_staff}combination = ?1 AND leaf >= ?2 AND leaf < ?3 ORDER BY leaf DESC LIMIT 1",
        ))?;
        let mut last = |number: i64, end: i64| match staff {
            Some(staff) => before.query_row(params![number, first, end, staff], |row| row.get::<_, i64>(0)).optional(),
            None => before.query_row(params![number, first, end], |row| row.get(0)).optional(),
        };
        // The newest leaf of each, so that the newest of all is found by one look.
        let mut newest = BinaryHeap::new();
        for number in self.combinations_of(search)? {
            newest.extend(last(number, end)?.map(|leaf| (leaf, number)));
        }
        let mut found = Vec::new();
        while found.len() < most as usize
            && let Some((leaf, number)) = newest.pop()
        {
            found.push(leaf);
            newest.extend(last(number, leaf)?.map(|leaf| (leaf, number)));
        }
        Ok(found)
    }

    fn combinations_of(&self, search: &Search) -> Result<Vec<i64>, rusqlite::Error> {
        let code = match &search.outcome {
            None => (None, None),
            Some(Outcome::Answered) => (Some("code IS NULL"), None),
            Some(Outcome::Refused) => (Some("code IS NOT NULL"), None),
            Some(Outcome::Code(code)) => (Some("code = ?"), Some(code)),
        };
        let by = [("institution = ?", &search.institution), ("scenario = ?", &search.scenario)];
        let by = by.into_iter().filter_map(|(condition, value)| value.as_ref().map(|value| (condition, value)));
        let (mut wanted, mut values): (Vec<&str>, Vec<&dyn ToSql>) =
            by.map(|(condition, value)| (condition, value as &dyn ToSql)).unzip();
        wanted.extend(code.0);
        values.extend(code.1.map(|code| code as &dyn ToSql));
        wanted.push("1");
        let select = format!("SELECT number FROM combination WHERE {}", wanted.join(" AND "));
        let mut select = self.connection.prepare_cached(&select)?;
        select.query_map(params_from_iter(values), |row| row.get(0))?.collect()
    }
}
