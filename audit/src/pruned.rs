//! What is left of records that two officers let go: the file `pruned` of a log (`FORMAT.md` §6). Their bundles are gone, their
//! hashes stand in the tiles, and what is still in force of them is kept here, each leaf with its index.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::tile::FULL_WIDTH;

/// Its name in the log's folder.
pub const PRUNED: &str = "pruned";

/// What its first line names.
const FORM: &str = "credit-gateway/pruned/1";

/// The longest that is read: far more than the acts of decades.
pub const LONGEST_PRUNED: usize = 1 << 30;

/// The longest first line: an institution's last number has some 90 bytes.
const LONGEST_HEAD: u64 = 1 << 24;

/// Its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrunedHead {
    /// What it is, and in which form.
    pub form: String,
    /// The log.
    pub origin: String,
    /// The leaves before this one were let go: the beginning of a bundle.
    pub until: u64,
    /// The `prune` leaf that says so.
    pub leaf: u64,
    /// When the last leaf was recorded that was let go.
    pub last_at: Timestamp,
    /// The last consecutive number of each institution among the leaves before `until`.
    pub numbers: BTreeMap<String, u64>,
    /// The certificates by which institutions asked before (`x5t#S256`).
    pub certificates: BTreeSet<String>,
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Its first line.
    pub head: PrunedHead,
    kept: Vec<(u64, Vec<u8>)>,
}

/// What is wrong with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrunedFault {
    /// Not of its form.
    #[error("`pruned` is not as such a file is written")]
    Form,
    /// Of another log.
    #[error("`pruned` is of another log")]
    Origin,
    /// The edge is no place where one can be.
    #[error(
        "`pruned` says that all before entry {0} was let go: that is not the beginning of a bundle, or not before the entry that says so"
    )]
    Edge(u64),
    /// No leaf says it.
    #[error("`pruned` says that records were let go by entry {0}, which says no such thing")]
    Unsaid(u64),
    /// A leaf in it is not that of its index.
    #[error("`pruned` keeps an entry {0} that is another one in the tiles")]
    Kept(u64),
    /// The numbers are not those of the leaves.
    #[error("`pruned` says other last numbers of institutions than the entries that are left")]
    Numbers,
}

impl PrunedHead {
    /// Of a log whose leaves before `until` go, as the leaf says.
    #[must_use]
    pub fn new(origin: &str, until: u64, leaf: u64, last_at: Timestamp, numbers: BTreeMap<String, u64>) -> Self {
        let (form, origin) = (FORM.to_owned(), origin.to_owned());
        Self { form, origin, until, leaf, last_at, numbers, certificates: BTreeSet::new() }
    }

    /// The first line of the file in a log's folder; nothing where no record was let go.
    ///
    /// # Errors
    /// When it cannot be read, or is none, or of another log than the one that is named; of kind `InvalidData` then.
    pub fn read(log_folder: &Path, origin: Option<&str>) -> io::Result<Option<Self>> {
        let file = match std::fs::File::open(log_folder.join(PRUNED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut line = Vec::new();
        io::BufRead::read_until(&mut io::BufReader::new(file.take(LONGEST_HEAD)), b'\n', &mut line)?;
        Self::parse(&line, origin).map(Some).map_err(invalid)
    }

    fn parse(line: &[u8], origin: Option<&str>) -> Result<Self, PrunedFault> {
        let head: Self = serde_json::from_slice(line).map_err(|_| PrunedFault::Form)?;
        if head.form != FORM {
            return Err(PrunedFault::Form);
        }
        if origin.is_some_and(|origin| origin != head.origin) {
            return Err(PrunedFault::Origin);
        }
        let is_edge = head.until > 0 && head.until.is_multiple_of(FULL_WIDTH.into()) && head.until <= head.leaf;
        if is_edge { Ok(head) } else { Err(PrunedFault::Edge(head.until)) }
    }
}

impl Pruned {
    /// With the leaves that are kept, by ascending index.
    #[must_use]
    pub fn new(head: PrunedHead, kept: Vec<(u64, Vec<u8>)>) -> Self {
        Self { head, kept }
    }

    /// The file in a log's folder; nothing where no record was let go.
    ///
    /// # Errors
    /// As [`PrunedHead::read`].
    pub fn read(log_folder: &Path, origin: Option<&str>) -> io::Result<Option<Self>> {
        match std::fs::read(log_folder.join(PRUNED)) {
            Ok(bytes) => Self::parse(&bytes, origin).map(Some).map_err(invalid),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads the file of a log, of this one where one is named.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8], origin: Option<&str>) -> Result<Self, PrunedFault> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(PrunedFault::Form)?;
        let (line, mut rest) = bytes.split_at_checked(end + 1).ok_or(PrunedFault::Form)?;
        let head = PrunedHead::parse(line, origin)?;
        let mut kept: Vec<(u64, Vec<u8>)> = Vec::new();
        while !rest.is_empty() {
            let (index, after) = rest.split_first_chunk().ok_or(PrunedFault::Form)?;
            let (length, after) = after.split_first_chunk().ok_or(PrunedFault::Form)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (leaf, after) = after.split_at_checked(length).ok_or(PrunedFault::Form)?;
            let index = u64::from_be_bytes(*index);
            if index >= head.until || kept.last().is_some_and(|(last, _)| *last >= index) {
                return Err(PrunedFault::Form);
            }
            kept.push((index, leaf.to_vec()));
            rest = after;
        }
        Ok(Self { head, kept })
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When a leaf is longer than a leaf can be.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&self.head)?;
        bytes.push(b'\n');
        for (index, leaf) in &self.kept {
            let length = u16::try_from(leaf.len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(&index.to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(leaf);
        }
        Ok(bytes)
    }

    /// The leaves that are kept, from an index on, with their indices.
    pub fn kept_from(&self, from: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let first = self.kept.partition_point(|(index, _)| *index < from);
        self.kept.iter().skip(first).map(|(index, leaf)| (*index, leaf.as_slice()))
    }
}

/// What two officers sign to let go of all before `until`: SHA-256 of framed("credit/prune", until), the number in decimal digits.
#[must_use]
pub fn digest(until: u64) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in ["credit/prune", &until.to_string()] {
        context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

fn invalid(fault: PrunedFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(until: u64, leaf: u64) -> PrunedHead {
        PrunedHead::new("log", until, leaf, Timestamp::UNIX_EPOCH, BTreeMap::from([("bank".to_owned(), 7)]))
    }

    #[test]
    fn it_reads_as_it_was_written() {
        let pruned = Pruned::new(head(512, 900), vec![(0, b"open".to_vec()), (511, b"key".to_vec())]);
        let bytes = pruned.to_bytes().unwrap();
        assert_eq!(Pruned::parse(&bytes, Some("log")).as_ref(), Ok(&pruned));
        assert_eq!(pruned.kept_from(1).map(|(index, _)| index).collect::<Vec<_>>(), [511]);
        assert_eq!(Pruned::parse(&bytes, Some("other")), Err(PrunedFault::Origin));
        for cut in 0..bytes.len() {
            let whole = Pruned::parse(&bytes[..cut], Some("log")).is_ok_and(|cut| cut == pruned);
            assert!(!whole, "{cut}");
        }
    }

    #[test]
    fn an_edge_lies_between_bundles_and_before_the_leaf_that_says_it() {
        for (until, leaf) in [(0, 900), (1, 900), (511, 900), (512, 511)] {
            let bytes = Pruned::new(head(until, leaf), Vec::new()).to_bytes().unwrap();
            assert_eq!(Pruned::parse(&bytes, Some("log")), Err(PrunedFault::Edge(until)));
        }
        for kept in [vec![(512, Vec::new())], vec![(3, Vec::new()), (3, Vec::new())]] {
            let bytes = Pruned::new(head(512, 512), kept).to_bytes().unwrap();
            assert_eq!(Pruned::parse(&bytes, Some("log")), Err(PrunedFault::Form));
        }
    }
}
