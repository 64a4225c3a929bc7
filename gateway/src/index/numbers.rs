//! Numbers that stand for texts in rows, so that rows are short. Of combinations there are few however long the log is: no more than
//! register, catalogue and codes allow; so what a search by them costs does not grow with the log, also where it finds little or
//! nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    place::signed,
    row::{QueryRow, Row},
};

/// Texts whose numbers are known without a look into the tables, at most: whoever makes up members of staff has them looked up.
const MOST: usize = 65_536;

/// Numbers as far as they were looked up, and rows of `asked` that are there.
#[derive(Default)]
pub(super) struct Numbers {
    combinations: HashMap<String, i64>,
    staff: HashMap<String, i64>,
    /// Data key and combination.
    asked: HashSet<(i64, i64)>,
    /// The texts of one combination, to be looked for.
    texts: String,
}

impl Numbers {
    /// The number of a query's institution, end institution, scenario and code together; a new one's is the next.
    pub(super) fn combination(&mut self, whole: &Connection, row: &QueryRow) -> Result<i64, rusqlite::Error> {
        let QueryRow { institution, on_behalf, scenario, code, .. } = row;
        let parts = [institution, on_behalf, scenario, code];
        self.texts.clear();
        for part in parts {
            // No text of a leaf has either character: what is left out is not the empty one.
            self.texts.push_str(part.as_deref().unwrap_or("\u{1}"));
            self.texts.push('\0');
        }
        if let Some(number) = self.combinations.get(&self.texts) {
            return Ok(*number);
        }
        let number = number(
            whole,
            "SELECT number FROM combination WHERE institution IS ?1 AND on_behalf IS ?2 AND scenario IS ?3 AND code IS ?4",
            "INSERT INTO combination (institution, on_behalf, scenario, code) VALUES (?1, ?2, ?3, ?4)",
            params![institution, on_behalf, scenario, code],
        )?;
        make_room(&mut self.combinations);
        self.combinations.insert(self.texts.clone(), number);
        Ok(number)
    }

    /// The number of a member of staff.
    pub(super) fn staff(&mut self, whole: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.staff.get(name) {
            return Ok(*number);
        }
        let (find, add) = ("SELECT number FROM staff WHERE name = ?1", "INSERT INTO staff (name) VALUES (?1)");
        let number = number(whole, find, add, params![name])?;
        make_room(&mut self.staff);
        self.staff.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Says that there is a query about somebody under a data key.
    pub(super) fn asked(&mut self, whole: &Connection, data_key: i64, combination: i64) -> Result<(), rusqlite::Error> {
        if !self.asked.contains(&(data_key, combination)) {
            let sql = "INSERT INTO asked (data_key, combination) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            whole.prepare_cached(sql)?.execute(params![data_key, combination])?;
            self.asked.insert((data_key, combination));
        }
        Ok(())
    }

    /// Rows of `asked` that were there may be gone.
    pub(super) fn forget_asked(&mut self) {
        self.asked.clear();
    }
}

fn number(whole: &Connection, find: &str, add: &str, values: &[&dyn rusqlite::ToSql]) -> Result<i64, rusqlite::Error> {
    let known = whole.prepare_cached(find)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    whole.prepare_cached(add)?.execute(values)?;
    Ok(whole.last_insert_rowid())
}

fn make_room(known: &mut HashMap<String, i64>) {
    if known.len() >= MOST {
        known.clear();
    }
}

/// The numbers of the data keys of some rows, which stand between these leaves among others then.
pub(super) fn data_keys<'a>(whole: &Connection, rows: &'a [Row]) -> Result<HashMap<&'a str, i64>, rusqlite::Error> {
    let mut leaves: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in rows {
        if let Row::Query(query) = row
            && let Some(id) = &query.data_key
        {
            leaves.entry(id).or_insert((query.place.leaf, 0)).1 = query.place.leaf;
        }
    }
    let sql = "INSERT INTO data_key (id, first, last) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET last = excluded.last \
               RETURNING number";
    let mut stand = whole.prepare_cached(sql)?;
    let number =
        |(id, (first, last))| Ok((id, stand.query_row(params![id, signed(first), signed(last)], |row| row.get(0))?));
    leaves.into_iter().map(number).collect()
}
