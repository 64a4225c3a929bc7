//! Notices that persons are owed of queries about them.

use std::{cmp::Reverse, collections::BinaryHeap};

use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use super::{
    error::IndexError,
    file::{IndexFile, place},
    place::{Place, signed},
    row::{ALWAYS, day_number},
};

/// Which notices that are owed are wanted.
pub(crate) struct Owed {
    /// Of queries after this leaf.
    pub(crate) after: u64,
    /// Of queries up to this leaf.
    pub(crate) until: u64,
    /// The person's key in the index; left out = of all.
    pub(crate) person: Option<[u8; 16]>,
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
    pub(crate) person: [u8; 16],
}

impl IndexFile {
    /// Queries after a leaf of which the person is owed a notice on that day, oldest first; those of one person where one is named.
    pub(super) fn owed(&self, wanted: &Owed, today: Date) -> Result<Vec<OwedNotice>, IndexError> {
        let today = day_number(today);
        match &wanted.person {
            Some(person) => self.owed_to(person, wanted, today),
            None => self.owed_to_all(wanted, today),
        }
    }

    /// By what is about that person alone, however much is owed to others.
    fn owed_to(&self, person: &[u8; 16], wanted: &Owed, today: i64) -> Result<Vec<OwedNotice>, IndexError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {NOTICE} FROM query INDEXED BY query_person WHERE person = ?1 AND leaf > ?2 AND leaf <= ?3 AND owed <= ?4 \
             ORDER BY leaf LIMIT ?5"
        ))?;
        let values = params![person.as_slice(), signed(wanted.after), signed(wanted.until), today, wanted.most];
        let found = select.query_map(values, notice)?;
        Ok(found.filter_map(Result::transpose).collect::<Result<_, rusqlite::Error>>()?)
    }

    /// The next of each day from which notices are owed, and of these the first: days are few, however much is owed.
    fn owed_to_all(&self, wanted: &Owed, today: i64) -> Result<Vec<OwedNotice>, IndexError> {
        let until = signed(wanted.until);
        let next = "SELECT leaf FROM query WHERE owed = ?1 AND leaf > ?2 AND leaf <= ?3 ORDER BY leaf LIMIT 1";
        let mut next = self.connection.prepare_cached(next)?;
        let mut after = |day: i64, leaf: i64| {
            let found = next.query_row(params![day, leaf, until], |row| row.get::<_, i64>(0)).optional()?;
            Ok::<_, rusqlite::Error>(found.map(|leaf| Reverse((leaf, day))))
        };
        let mut heads = BinaryHeap::new();
        let mut later = self.connection.prepare_cached("SELECT MIN(owed) FROM query WHERE owed > ?1")?;
        let mut day = Some(ALWAYS);
        while let Some(one) = day.filter(|day| *day <= today) {
            heads.extend(after(one, signed(wanted.after))?);
            day = later.query_row(params![one], |row| row.get::<_, Option<i64>>(0))?;
        }
        let mut select = self.connection.prepare_cached(&format!("SELECT {NOTICE} FROM query WHERE leaf = ?1"))?;
        let mut found = Vec::new();
        while found.len() < wanted.most as usize
            && let Some(Reverse((leaf, day))) = heads.pop()
        {
            found.extend(select.query_row(params![leaf], notice)?);
            heads.extend(after(day, leaf)?);
        }
        Ok(found)
    }

    /// How many notices are owed on that day, of queries before an instant and known since a day, up to a number.
    pub(super) fn count_owed(&self, before: i64, known_by: Date, most: u32) -> Result<u64, IndexError> {
        // Records stand in the order of their times. What is not counted is not looked at either: neither what is later, nor what
        // is deferred to a day that has not come.
        let from = |days: &str| format!("SELECT 1 FROM query INDEXED BY query_owed WHERE owed {days} AND leaf < ?2");
        let (always, deferred) = (from("= ?1"), from("> ?1 AND owed <= ?3"));
        let count = format!("SELECT COUNT(*) FROM ({always} UNION ALL {deferred} LIMIT ?4)");
        let values = params![ALWAYS, self.leaf_since(before)?, day_number(known_by), most];
        let count: i64 = self.connection.prepare_cached(&count)?.query_row(values, |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// What a notice is made of, as [`notice`] reads it.
const NOTICE: &str = "leaf, place, length, id, person";

fn notice(row: &Row<'_>) -> Result<Option<OwedNotice>, rusqlite::Error> {
    let (id, person) = (row.get::<_, Vec<u8>>(3)?, row.get::<_, Vec<u8>>(4)?);
    let (id, person) = (Uuid::from_slice(&id).ok(), person.try_into().ok());
    let place = place(row)?;
    Ok(id.zip(person).map(|(id, person)| OwedNotice { place, id, person }))
}
