//! Notices that persons are owed of queries about them.

use jiff::civil::Date;
use rusqlite::params;
use uuid::Uuid;

use super::{
    error::IndexError,
    file::{IndexFile, place, signed},
    place::Place,
    row::ALWAYS,
};

/// Which notices that are owed are wanted.
pub(crate) struct Owed {
    /// Of queries after this leaf.
    pub(crate) after: u64,
    /// Of queries up to this leaf.
    pub(crate) until: u64,
    /// The person's key in the index; left out = of all.
    pub(crate) person: Option<[u8; 32]>,
    /// So many at most.
    pub(crate) most: u32,
}

/// A query of which the person is owed a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwedNotice {
    /// Where its leaf is.
    pub(crate) place: Place,
    /// Its id.
    pub(crate) id: Uuid,
    /// The person's key in the index.
    pub(crate) person: [u8; 32],
}

/// As the indexes of the table have it.
const OWED: &str = "notice IS NULL AND code IS NULL AND person IS NOT NULL AND institution IS NOT NULL";

impl IndexFile {
    /// Queries after a leaf of which the person is owed a notice on that day, oldest first; those of one person where one is named.
    pub(super) fn owed(&self, wanted: &Owed, today: Date) -> Result<Vec<OwedNotice>, IndexError> {
        // Of one person by what is about that person alone, however much is owed to others.
        let of_person = if wanted.person.is_some() { "person = ?4" } else { "?4 IS NULL" };
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT leaf, place, length, id, person FROM query WHERE {OWED} AND leaf > ?1 AND leaf <= ?2 AND known_from <= ?3 \
             AND {of_person} ORDER BY leaf LIMIT ?5",
        ))?;
        let person = wanted.person.as_ref().map(<[u8; 32]>::as_slice);
        let values = params![signed(wanted.after), signed(wanted.until), today.to_string(), person, wanted.most];
        let found = select.query_map(values, |row| {
            let (id, person) = (row.get::<_, Vec<u8>>(3)?, row.get::<_, Vec<u8>>(4)?);
            Ok((place(row)?, id, person))
        })?;
        let found = found.map(|row| {
            let (place, id, person) = row?;
            let (id, person) = (Uuid::from_slice(&id).ok(), person.try_into().ok());
            Ok(id.zip(person).map(|(id, person)| OwedNotice { place, id, person }))
        });
        Ok(found.filter_map(Result::transpose).collect::<Result<_, rusqlite::Error>>()?)
    }

    /// How many notices are owed on that day, of queries before an instant and known since a day, up to a number.
    pub(super) fn count_owed(&self, before: i64, known_by: Date, most: u32) -> Result<u64, IndexError> {
        // Records stand in the order of their times. What is not counted is not looked at either: neither what is later, nor what
        // is deferred to a day that has not come.
        let from = |days: &str| {
            format!("SELECT 1 FROM query INDEXED BY query_owed_from WHERE {OWED} AND {days} AND leaf < ?2")
        };
        let (always, deferred) = (from("known_from = ?1"), from("known_from > ?1 AND known_from <= ?3"));
        let count = format!("SELECT COUNT(*) FROM ({always} UNION ALL {deferred} LIMIT ?4)");
        let values = params![ALWAYS, self.leaf_since(before)?, known_by.to_string(), most];
        let count: i64 = self.connection.prepare_cached(&count)?.query_row(values, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}
