//! That officers looked at queries about a person.

use jiff::civil::Date;
use rusqlite::params;
use uuid::Uuid;

use super::{
    error::IndexError,
    file::{IndexFile, place},
    place::Place,
    row::day_number,
};

impl IndexFile {
    /// The newest looks at queries about a person that the person may know of.
    pub(super) fn looks(&self, person: &[u8; 16], most: u32, today: Date) -> Result<Vec<(Place, Uuid)>, IndexError> {
        let mut select = self.connection.prepare_cached(
            "SELECT look.leaf, look.place, look.length, query.id FROM query JOIN look ON look.query = query.leaf \
             WHERE query.person = ?1 AND (query.known_from <= ?2 OR query.notice IS NOT NULL) ORDER BY look.leaf DESC LIMIT ?3",
        )?;
        let found = select.query_map(params![person.as_slice(), day_number(today), most], |row| {
            Ok((place(row)?, Uuid::from_slice(&row.get::<_, Vec<u8>>(3)?).unwrap_or_default()))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
