//! The index of the log: a projection of its published leaves in SQLite, so that the record can be searched. It is
//! derived: made again from the log at any time, and no part of a backup.
//!
//! It is written behind the log and never waited for by a query. A person stands in it by a key of its own
//! ([`credit_keys::IndexKey`]), which is in no leaf; without the data key of a month, that month's rows have nobody. Begin with
//! [`Index`].

mod bundles;
mod days;
mod error;
mod file;
mod fresh;
mod let_go;
mod looks;
mod newest;
mod numbers;
mod owed;
mod place;
mod reviews;
mod row;
mod rows;
mod schema;
mod search;
mod sources;
mod statistics;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use credit_audit::{
    leaf::{Leaf, Peek, parse_after, peek},
    merkle::Hash,
    pruned::Pruned,
};
use credit_keys::{IndexKey, KeyId};
use jiff::{Timestamp, civil::Date, tz::Offset};
use uuid::Uuid;

use bundles::Hashes;
pub(crate) use days::DayCount;
pub(crate) use error::IndexError;
use file::IndexFile;
pub(crate) use file::{Asked, ConsentFound, Wanted};
use fresh::{Fresh, Newest};
pub(crate) use owed::{Owed, OwedNotice};
pub(crate) use place::{Due, Found, Place, Removal, read_leaf};
pub(crate) use reviews::ReviewBook;
use row::{Opening, Row, Rows};
pub(crate) use search::{Listed, Outcome, Search, UsedConsent};
pub(crate) use sources::Sources;
pub(crate) use statistics::StatisticsBook;

/// Leaves that are taken in at once: whoever asks waits for no more, and so many are in memory.
const BATCH: u64 = 1_024;

/// The name of its file in the data folder.
const FILE: &str = "index.sqlite";

/// Whoever is told of each leaf that is read: its number, its beginning, what it says where its kind is known, and its hash.
pub(crate) type Follower<'a> = dyn FnMut(u64, &Peek<'_>, Option<&Leaf<'_>>, Hash) + 'a;

/// The index of one log.
pub(crate) struct Index {
    file: Mutex<IndexFile>,
    log_folder: PathBuf,
    origin: String,
    key: IndexKey,
    newest: Mutex<Newest>,
    /// One reads the log after the other: whoever comes meanwhile has little left to read.
    turn: Mutex<()>,
}

impl Index {
    /// Opens the index in a data folder. One that is not there, is of another log, form or key, or says another thing of
    /// its last leaf than the log, begins anew.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn open(data_folder: &Path, origin: &str, key: IndexKey) -> Result<Self, IndexError> {
        let log_folder = data_folder.join("log");
        let file = IndexFile::open(&data_folder.join(FILE), origin, key.id().as_str(), &log_folder)?;
        Ok(Self {
            file: Mutex::new(file),
            log_folder,
            origin: origin.to_owned(),
            key,
            newest: Mutex::default(),
            turn: Mutex::default(),
        })
    }

    /// Whom a leaf is about that was just recorded, so that its sealed part need not be opened for it.
    pub(crate) fn recorded(&self, leaf: u64, number: &str) {
        let person = row::person_key(&self.key, number);
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).add(leaf, person);
    }

    /// Takes in the leaves up to `published`, each of which is told to `also` first, maybe twice; returns how many leaves it covers
    /// then. Blocks.
    ///
    /// # Errors
    /// [`IndexError`]; what was taken in before stays.
    pub(crate) fn advance(
        &self,
        published: u64,
        sources: Sources<'_>,
        also: &mut Follower<'_>,
    ) -> Result<u64, IndexError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (from, forgotten) = {
                let file = self.lock();
                (file.size(), file.forgotten)
            };
            if from >= published {
                self.lock().write_if_due()?;
                return Ok(from);
            }
            let until = published.min(from + BATCH);
            // Unsealing takes most of the time, and nobody waits for it.
            // First: who asks the ring may wait for a disk, and queries do not wait for that.
            let whole = sources.keys.with(|ring| ring.whole_data_keys());
            let fresh = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take(until, whole);
            let rows = self.rows((from, until), sources, &fresh, also)?;
            let mut file = self.lock();
            // What was opened before somebody was forgotten is opened again.
            if file.forgotten == forgotten {
                file.take(&rows, from, until)?;
            }
        }
    }

    /// Does something while nobody takes anything in; told how many leaves it covers. Blocks.
    pub(crate) fn at_rest<T>(&self, make: impl FnOnce(u64) -> T) -> T {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        make(self.size())
    }

    /// The key of a person in it.
    pub(crate) fn person(&self, number: &str) -> [u8; 16] {
        row::person_key(&self.key, number)
    }

    /// Forgets whom the records of a person under these data keys are about.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn forget(&self, person: &[u8; 16], data_keys: &[KeyId]) -> Result<(), IndexError> {
        data_keys.iter().try_for_each(|key| self.lock().forget(person, key.as_str()))
    }

    /// Takes out what leaves before `until` say, of which the last was recorded at an instant: they were let go. Blocks.
    ///
    /// # Errors
    /// [`IndexError`]; all of it is there still then.
    pub(crate) fn let_go(&self, until: u64, last_at: Timestamp, offset: Offset) -> Result<(), IndexError> {
        self.lock().let_go(until, last_at, offset)
    }

    /// Writes what was taken in and waits for more, so that the next start need not read it again. Blocks.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn write(&self) -> Result<(), IndexError> {
        self.lock().write()
    }

    /// How many leaves it covers.
    pub(crate) fn size(&self) -> u64 {
        self.lock().size()
    }

    /// The queries about one person that the person may know of, newest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn about(&self, wanted: &Wanted, today: Date) -> Result<Vec<Found>, IndexError> {
        self.lock().about(wanted, today)
    }

    /// The consents on which queries about one person were answered, as far as the person may know of them.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn consents(&self, person: &[u8; 16], most: u32, today: Date) -> Result<Vec<ConsentFound>, IndexError> {
        self.lock().consents(person, most, today)
    }

    /// What was done for one person by somebody else, newest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn acts(&self, person: &[u8; 16], most: u32) -> Result<Vec<Place>, IndexError> {
        self.lock().acts(person, most)
    }

    /// That officers looked at queries about one person, as far as the person may know of these; newest first, each with the
    /// leaf of the query.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn looks(&self, person: &[u8; 16], most: u32, today: Date) -> Result<Vec<(Place, Uuid)>, IndexError> {
        self.lock().looks(person, most, today)
    }

    /// The answers about one person before a leaf of which no later leaf says that a correction is due, as far as the person
    /// may know of them; oldest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn answered(&self, person: &[u8; 16], before: Removal, today: Date) -> Result<Vec<Place>, IndexError> {
        self.lock().answered(person, before, today)
    }

    /// The answers to an institution of which a leaf after this one says that a correction is due, in the order of these leaves.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn due(&self, institution: &str, after: u64, most: u32) -> Result<Vec<Due>, IndexError> {
        self.lock().due(institution, after, most)
    }

    /// Queries of which a person is owed a notice on that day, oldest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn owed(&self, wanted: &Owed, today: Date) -> Result<Vec<OwedNotice>, IndexError> {
        self.lock().owed(wanted, today)
    }

    /// How many of them there are before an instant, known since a day, up to a number.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn count_owed(&self, before: i64, known_by: Date, most: u32) -> Result<u64, IndexError> {
        self.lock().count_owed(before, known_by, most)
    }

    /// How often a person was answered about himself or herself from an instant on, in microseconds of Unix time.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn count_own(&self, person: &[u8; 16], from: i64) -> Result<u64, IndexError> {
        self.lock().count_own(person, from)
    }

    /// The ids of all queries about one person.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn ids_about(&self, person: &[u8; 16]) -> Result<Vec<Uuid>, IndexError> {
        self.lock().ids_about(person)
    }

    /// The leaf of a query.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn leaf_of(&self, id: Uuid) -> Result<Option<u64>, IndexError> {
        self.lock().leaf_of(id)
    }

    /// The newest queries that a search finds, newest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn search(&self, search: &Search, most: u32) -> Result<Vec<Listed>, IndexError> {
        self.lock().search(search, most)
    }

    /// The consents of the newest queries on one, the one used last first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn used_consents(&self) -> Result<Vec<UsedConsent>, IndexError> {
        self.lock().used_consents()
    }

    /// The last days on which somebody asked, oldest first.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn days(&self, most: u32) -> Result<Vec<DayCount>, IndexError> {
        days::days(&self.lock().connection, most)
    }

    /// For whom and what there are queries about somebody, month by month.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn asked(&self) -> Result<Vec<Asked>, IndexError> {
        self.lock().asked()
    }

    /// Compares every row with what the log says, by an index that is made anew beside it. Blocks.
    ///
    /// # Errors
    /// [`IndexError::Differs`] with the first leaf whose row differs.
    pub(crate) fn check(&self, sources: Sources<'_>) -> Result<u64, IndexError> {
        let until = self.size();
        let mut other = IndexFile::in_memory(&self.origin, self.key.id().as_str())?;
        let mut from = 0;
        while from < until {
            let to = until.min(from + BATCH);
            other.take(&self.rows((from, to), sources, &Fresh::default(), &mut |_, _, _, _| ())?, from, to)?;
            from = to;
        }
        self.lock().compare(&other)?;
        Ok(until)
    }

    fn rows(
        &self,
        (from, until): (u64, u64),
        sources: Sources<'_>,
        fresh: &Fresh,
        also: &mut Follower<'_>,
    ) -> Result<Rows, IndexError> {
        let mut rows = Rows::default();
        let opening = Opening { origin: &self.origin, key: &self.key, sources, fresh };
        let mut hashes = Hashes::new(&self.log_folder, until);
        bundles::each(&self.log_folder, from, until, |place, leaf| {
            let fault = || IndexError::Leaf(place.leaf);
            let head = peek(leaf).map_err(|_| fault())?;
            let parsed = parse_after(head).map_err(|_| fault())?;
            let hash = hashes.of(place.leaf, leaf);
            also(place.leaf, &head, parsed.as_ref(), hash);
            rows.push(parsed.map_or(Row::Other, |parsed| row::of(place, parsed, opening)), hash);
            Ok(())
        })?;
        Ok(rows)
    }

    fn lock(&self) -> MutexGuard<'_, IndexFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the published leaves `from` to `until` in order. Blocks.
///
/// # Errors
/// When one is not published, and what `take` says.
pub(crate) fn each_leaf(
    log_folder: &Path,
    from: u64,
    until: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    bundles::each(log_folder, from, until, |place, leaf| take(place.leaf, leaf))
}

/// The leaf of an index. Blocks.
///
/// # Errors
/// Where it is not published, or was let go.
pub(crate) fn leaf_at(log_folder: &Path, leaf: u64) -> Result<Vec<u8>, IndexError> {
    let mut found = None;
    bundles::each(log_folder, leaf, leaf + 1, |_, bytes| {
        found = Some(bytes.to_vec());
        Ok(())
    })?;
    let pruned = if found.is_none() { Pruned::read(log_folder, None)? } else { None };
    match (found, pruned.filter(|pruned| leaf < pruned.head.until)) {
        (Some(found), _) => Ok(found),
        (None, None) => Err(IndexError::Leaf(leaf)),
        (None, Some(pruned)) => {
            let kept = pruned.kept_from(leaf).next().filter(|(index, _)| *index == leaf);
            kept.map(|(_, leaf)| leaf.to_vec()).ok_or(IndexError::LetGo(leaf))
        }
    }
}

/// Removes the index of a data folder: the next start makes it again.
///
/// # Errors
/// [`IndexError`].
pub(crate) fn remove(data_folder: &Path) -> Result<(), IndexError> {
    Ok(file::remove(&data_folder.join(FILE))?)
}
