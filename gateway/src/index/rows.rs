//! Takes in what leaves say, and forgets what they say of persons.

use std::collections::HashMap;

use credit_audit::leaf::CorrectionState;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::{
    days::count_days,
    error::IndexError,
    numbers::{Numbers, data_keys},
    place::{Place, signed},
    row::{ConsentRow, Of, QueryRow, Row, Rows},
};
use crate::state::key;

/// Takes in rows, of which the log has so many then.
pub(super) fn take_in(whole: &Connection, rows: &Rows, size: u64, known: &mut Numbers) -> Result<(), IndexError> {
    count_days(whole, &rows.rows)?;
    let keys = data_keys(whole, &rows.rows)?;
    let mut add = whole.prepare_cached(ADD)?;
    for row in &rows.rows {
        match row {
            Row::Query(query) => insert((whole, &mut add), query, (&keys, known))?,
            Row::Notice { leaf, queries } => {
                let sql = "UPDATE query SET notice = ?1, owed = NULL WHERE id = ?2 AND notice IS NULL";
                let mut told = whole.prepare_cached(sql)?;
                for id in queries {
                    told.execute(params![signed(*leaf), id.as_bytes()])?;
                }
            }
            Row::Correction { leaf, at, query, state } => {
                let id = query.as_bytes();
                match state {
                    CorrectionState::Due => whole
                        .prepare_cached(
                            "UPDATE query SET due = ?1, due_at = ?2, due_of = (SELECT institution FROM combination \
                             WHERE number = combination) WHERE id = ?3",
                        )?
                        .execute(params![signed(*leaf), at, id])?,
                    CorrectionState::Fetched => whole
                        .prepare_cached("UPDATE query SET fetched = ?1 WHERE id = ?2")?
                        .execute(params![signed(*leaf), id])?,
                };
            }
            Row::Act { place: Place { leaf, offset, length }, person, data_key } => {
                let person = person.as_ref().map(<[u8; 16]>::as_slice);
                let values = params![signed(*leaf), signed(*offset), signed(*length), person, data_key];
                whole.prepare_cached("INSERT INTO act VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(values)?;
            }
            Row::Look { place, of } => insert_look(whole, *place, of)?,
            Row::Destroyed { data_key } => {
                forget(whole, None, data_key)?;
                known.forget_asked();
            }
            Row::Other => {}
        }
    }
    let head = "UPDATE head SET size = ?1, last = ?2";
    whole.prepare_cached(head)?.execute(params![signed(size), rows.last.as_slice()])?;
    Ok(())
}

/// A new row: nothing was told or corrected yet.
const ADD: &str = "INSERT INTO query VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, NULL, NULL, NULL, NULL, NULL)";

fn insert(
    (whole, add): (&Connection, &mut CachedStatement<'_>),
    row: &QueryRow,
    (keys, known): (&HashMap<&str, i64>, &mut Numbers),
) -> Result<(), rusqlite::Error> {
    let consent = match &row.consent {
        None => None,
        Some(ConsentRow::Key(key)) => Some(*key),
        Some(ConsentRow::Of(first)) => {
            let mut select = whole.prepare_cached("SELECT consent FROM query WHERE leaf = ?1")?;
            select.query_row(params![signed(*first)], |row| row.get(0)).optional()?.flatten()
        }
    };
    let combination = known.combination(whole, row)?;
    let staff = row.staff.as_ref().map(|name| known.staff(whole, name)).transpose()?;
    let data_key = row.data_key.as_deref().and_then(|key| keys.get(key)).copied();
    let is_owed = row.code.is_none() && row.person.is_some() && row.institution.is_some();
    let case_key = row.institution.as_ref().zip(row.case.as_ref()).map(|(of, case)| case_key(of, case));
    add.execute(params![
        signed(row.place.leaf),
        signed(row.place.offset),
        signed(row.place.length),
        row.id.as_bytes(),
        row.at,
        combination,
        staff,
        data_key,
        row.known_from,
        row.known_from.filter(|_| is_owed),
        row.person.as_ref().map(<[u8; 16]>::as_slice),
        case_key,
        row.case,
        consent.as_ref().map(<[u8; 16]>::as_slice),
    ])?;
    match data_key.filter(|_| row.person.is_some()) {
        Some(data_key) => known.asked(whole, data_key, combination),
        None => Ok(()),
    }
}

/// What stands for an institution's case: to be found by, and compared in full then.
pub(super) fn case_key(institution: &str, case: &str) -> i64 {
    let key = key("case of the index", &[institution, case]);
    i64::from_be_bytes(key.first_chunk().copied().unwrap_or_default())
}

/// Takes in a look; nothing where what was looked at is no query.
fn insert_look(whole: &Connection, place: Place, of: &Of) -> Result<(), rusqlite::Error> {
    let found = match of {
        Of::Query(id) => whole
            .prepare_cached("SELECT leaf FROM query WHERE id = ?1")?
            .query_row(params![id.as_bytes()], |row| row.get::<_, i64>(0)),
        Of::Leaf(leaf) => whole
            .prepare_cached("SELECT leaf FROM query WHERE leaf = ?1")?
            .query_row(params![signed(*leaf)], |row| row.get(0)),
    };
    let Some(query) = found.optional()? else { return Ok(()) };
    let values = params![signed(place.leaf), signed(place.offset), signed(place.length), query];
    whole.prepare_cached("INSERT INTO look VALUES (?1, ?2, ?3, ?4)")?.execute(values).map(drop)
}

/// Forgets everybody under a data key, or one person.
pub(super) fn forget(whole: &Connection, person: Option<&[u8; 16]>, data_key: &str) -> Result<(), IndexError> {
    let bytes = person.map(<[u8; 16]>::as_slice);
    let acts = "UPDATE act SET person = NULL WHERE data_key = ?1 AND (?2 IS NULL OR person = ?2)";
    whole.execute(acts, params![data_key, bytes])?;
    let find = "SELECT number FROM data_key WHERE id = ?1";
    let found = whole.query_row(find, params![data_key], |row| row.get::<_, i64>(0)).optional()?;
    let Some(number) = found else { return Ok(()) };
    // Of one by what is about that person; of all by the leaves between which they stand.
    let whose = match person {
        Some(_) => "person = ?2",
        None => {
            "?2 IS NULL AND leaf BETWEEN (SELECT first FROM data_key WHERE number = ?1) AND (SELECT last FROM data_key WHERE number = ?1)"
        }
    };
    let sql = format!("UPDATE query SET person = NULL, owed = NULL WHERE {whose} AND data_key = ?1");
    whole.execute(&sql, params![number, bytes])?;
    whole.execute(&format!("{NOBODY} AND data_key = ?1"), params![number])?;
    Ok(())
}

/// Combinations of which nobody is left under a data key.
pub(super) const NOBODY: &str = "DELETE FROM asked WHERE NOT EXISTS (SELECT 1 FROM query \
     WHERE query.combination = asked.combination AND person IS NOT NULL AND query.data_key = asked.data_key \
     AND leaf >= (SELECT first FROM data_key WHERE number = asked.data_key) \
     AND leaf <= (SELECT last FROM data_key WHERE number = asked.data_key))";
