//! What the leaves of a directory say, one after the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fault::DirectoryFault;
use crate::leaf::ListedLog;
use crate::note::VerifierKey;

/// How a log is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAs {
    /// The key that signs its checkpoints; its name is the log's origin.
    pub key: VerifierKey,
    /// From when on its leaves count.
    pub from: Timestamp,
    /// Until when, once it is closed.
    pub until: Option<Timestamp>,
}

/// The logs that are listed, by origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The directory's own name.
    pub origin: String,
    logs: BTreeMap<String, ListedAs>,
}

impl Listing {
    /// Of a directory without leaves.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { origin: origin.to_owned(), logs: BTreeMap::new() }
    }

    /// Every log, sorted by origin.
    pub fn logs(&self) -> impl Iterator<Item = &ListedAs> {
        self.logs.values()
    }

    /// The log with this origin.
    #[must_use]
    pub fn log(&self, origin: &str) -> Option<&ListedAs> {
        self.logs.get(origin)
    }

    /// Takes in the next leaf: the first of an origin lists it, a second one, with the same key and beginning and an end,
    /// closes it for good.
    ///
    /// # Errors
    /// As [`DirectoryFault`] says; nothing is taken in.
    pub fn take(&mut self, leaf: &ListedLog) -> Result<(), DirectoryFault> {
        let origin = &leaf.origin;
        let key = VerifierKey::parse(&leaf.vkey).ok().filter(|key| key.name() == origin);
        let key = key.ok_or_else(|| DirectoryFault::OtherKey(origin.clone()))?;
        if *origin == self.origin {
            return Err(DirectoryFault::Itself);
        }
        if leaf.until.is_some_and(|until| until < leaf.from) {
            return Err(DirectoryFault::Ends(origin.clone()));
        }
        let entry = ListedAs { key, from: leaf.from, until: leaf.until };
        match self.logs.get(origin) {
            Some(before) if before.until.is_some() => return Err(DirectoryFault::Closed(origin.clone())),
            Some(before) if entry.until.is_none() || before.key != entry.key || before.from != entry.from => {
                return Err(DirectoryFault::Twice(origin.clone()));
            }
            Some(_) | None => {}
        }
        self.logs.insert(origin.clone(), entry);
        Ok(())
    }

    /// The leaf that closes a log at a time.
    ///
    /// # Errors
    /// [`DirectoryFault::NotListed`], [`DirectoryFault::Closed`] or [`DirectoryFault::Ends`].
    pub fn closing(&self, origin: &str, until: Timestamp) -> Result<ListedLog, DirectoryFault> {
        let listed = self.log(origin).ok_or_else(|| DirectoryFault::NotListed(origin.to_owned()))?;
        let (vkey, from) = (listed.key.to_string(), listed.from);
        let leaf = ListedLog { origin: origin.to_owned(), vkey, from, until: Some(until) };
        self.clone().take(&leaf).map(|()| leaf)
    }
}
