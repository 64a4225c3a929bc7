//! What all the rows of a store say together: what does not fit, who is not answered about, and what may not be there.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{
    copy_fault::CopyFault,
    examine::{Domain, MOST_SUSPECTS, Suspects, Tally, examine},
    map::Map,
    mapped,
};

/// What was found in a store.
pub(crate) struct Content {
    /// How many values do not fit.
    pub(crate) faults: u64,
    /// A line for each place and kind of them, in English.
    pub(super) lines: Vec<String>,
    /// Who is not answered about.
    pub(crate) suspects: Suspects,
    /// Rows of classes that may not be there, by class.
    pub(crate) unlawful: BTreeMap<String, u64>,
}

impl Content {
    /// Of the gateway's own tables.
    ///
    /// # Errors
    /// What SQLite says, and too many persons who would not be answered about.
    pub(crate) fn of_tables(connection: &Connection, domain: &Domain, beat: &dyn Fn()) -> Result<Self, CopyFault> {
        let (mut tally, mut suspects) = (Tally::default(), Suspects::default());
        let mut found = |fault, person: Option<&_>| {
            tally.add(&fault);
            suspects.add(&fault, person);
        };
        let read = examine(connection, domain, None, &mut found, beat)?;
        Self { faults: tally.total(), lines: tally.lines().collect(), suspects, unlawful: read.unlawful }.bounded()
    }

    /// Of a map's tables. A map cannot name a class that may not be there.
    ///
    /// # Errors
    /// As [`Self::of_tables`].
    pub(crate) fn of_map(
        connection: &Connection,
        map: &Map,
        domain: &Domain,
        beat: &dyn Fn(),
    ) -> Result<Self, CopyFault> {
        let (examined, suspects) = mapped::examine(connection, map, domain.day(), None, beat)?;
        let (faults, lines) = (examined.faults.total(), examined.faults.lines().collect());
        Self { faults, lines, suspects, unlawful: BTreeMap::new() }.bounded()
    }

    fn bounded(self) -> Result<Self, CopyFault> {
        if self.suspects.len() > MOST_SUSPECTS { Err(CopyFault::Unfit) } else { Ok(self) }
    }
}
