//! Evidence, checked by itself and against the log.

use std::path::Path;

use super::fault::EvidenceFault;
use super::form::{Entry, FORM, File, Scope};
use crate::checkpoint::Checkpoint;
use crate::edge::Edge;
use crate::leaf::{self, Base64, Kind, Peek, Refusals};
use crate::merkle::{self, Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::verify::{self, CheckError, Report, Violation, Visitor};

/// Whether the file alone shows that nothing was left out, at each end and between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edges {
    /// Between the first and the last entry.
    pub between: bool,
    /// Before the first.
    pub before: bool,
    /// After the last.
    pub after: bool,
}

/// Evidence that is valid by itself.
pub struct Checked {
    /// The key that signed its checkpoint.
    pub key: VerifierKey,
    /// Its checkpoint.
    pub checkpoint: Checkpoint,
    /// What it is about.
    pub scope: Scope,
    /// What the file alone shows of its completeness.
    pub edges: Edges,
    /// The leaves that it has.
    pub indices: Vec<u64>,
}

/// A place in the order in which nothing may be missing: first and last number that the leaf takes.
type Numbers = (u64, u64);

impl Checked {
    /// Checks evidence. With `key` it must be of that log; else the key is the one that it names, which proves less.
    ///
    /// # Errors
    /// [`EvidenceFault`].
    pub fn of(bytes: &[u8], key: Option<&VerifierKey>) -> Result<Self, EvidenceFault> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| EvidenceFault::Form(error.to_string()))?;
        if file.form != FORM {
            return Err(EvidenceFault::Form(format!("its form is `{}`", file.form)));
        }
        let named = VerifierKey::parse(&file.vkey)?;
        if key.is_some_and(|key| *key != named) || named.name() != file.origin {
            return Err(EvidenceFault::OtherKey);
        }
        let checkpoint = Checkpoint::open(&file.checkpoint, &named)?;
        let all = file.before.iter().chain(&file.entries).chain(&file.after);
        let mut last = None;
        for entry in all.clone() {
            if last.is_some_and(|last| entry.index <= last) {
                return Err(EvidenceFault::Order(entry.index));
            }
            last = Some(entry.index);
            let path: Vec<Hash> = entry.path.iter().map(|Base64(hash)| *hash).collect();
            let hash = leaf_hash(entry.leaf.as_bytes());
            merkle::verify_inclusion(entry.index, checkpoint.size, &hash, &path, &checkpoint.root)
                .map_err(|cause| EvidenceFault::Unproven { index: entry.index, cause })?;
        }
        for entry in &file.entries {
            let head = head(entry)?;
            if !file.scope.is_in_time(head.at) || !file.scope.names(&head) {
                return Err(EvidenceFault::Outside(entry.index));
            }
        }
        for entry in file.before.iter().chain(&file.after) {
            let head = head(entry)?;
            if file.scope.is_in_time(head.at) || !file.scope.is_neighbour(&head) {
                return Err(EvidenceFault::Outside(entry.index));
            }
        }
        let edges = edges(&file, all)?;
        let indices = file.entries.iter().map(|entry| entry.index).collect();
        Ok(Self { key: named, checkpoint, scope: file.scope, edges, indices })
    }

    /// Compares it with the log, which must be valid and continue its checkpoint: nothing of the scope is missing.
    ///
    /// # Errors
    /// As [`CheckError`] says.
    pub fn against(&self, folder: &Path) -> Result<Report, CheckError> {
        let mut compare = Compare { checked: self, next: 0 };
        verify::directory(folder, &self.key, std::slice::from_ref(&self.checkpoint), &mut compare)
    }
}

/// That the numbers follow each other, and which ends that shows.
fn edges<'a>(file: &File, all: impl Iterator<Item = &'a Entry>) -> Result<Edges, EvidenceFault> {
    if file.scope.operator.is_some() {
        // Numbers are the institution's: those of others stand between.
        return Ok(Edges { between: false, before: false, after: false });
    }
    let mut previous: Option<Numbers> = None;
    let mut first = None;
    for entry in all {
        let Some(numbers) = numbers(&file.scope, entry)? else { continue };
        if previous.is_some_and(|(_, last)| numbers.0 != last + 1) {
            return Err(EvidenceFault::Gap(entry.index));
        }
        first.get_or_insert(numbers.0);
        previous = Some(numbers);
    }
    let least = if file.scope.institution.is_some() { 1 } else { 0 };
    Ok(Edges { between: true, before: file.before.is_some() || first == Some(least), after: file.after.is_some() })
}

/// The institution's numbers of a leaf, if it is its own act; without an institution its index.
fn numbers(scope: &Scope, entry: &Entry) -> Result<Option<Numbers>, EvidenceFault> {
    let Some(institution) = &scope.institution else { return Ok(Some((entry.index, entry.index))) };
    let head = head(entry)?;
    let Some(seq) = head.seq.filter(|_| head.institution == Some(institution)) else { return Ok(None) };
    if head.kind == Kind::Refusals.as_str() {
        let refusals: Refusals =
            leaf::body(entry.leaf.as_bytes()).map_err(|error| EvidenceFault::Form(error.to_string()))?;
        return Ok(Some(refusals.seqs));
    }
    Ok(Some((seq, seq)))
}

fn head(entry: &Entry) -> Result<Peek<'_>, EvidenceFault> {
    leaf::peek(entry.leaf.as_bytes()).map_err(|error| EvidenceFault::Form(format!("entry {}: {error}", entry.index)))
}

/// Looks for leaves of the scope in the log.
struct Compare<'a> {
    checked: &'a Checked,
    next: usize,
}

impl Visitor for Compare<'_> {
    fn edge(&mut self, edge: &Edge) -> Result<(), CheckError> {
        // Their paths prove them; whether others are missing is not seen any more.
        self.next = self.checked.indices.partition_point(|index| *index < edge.head.until);
        Ok(())
    }

    fn leaf(&mut self, index: u64, peek: &Peek<'_>, _: &[u8]) -> Result<(), CheckError> {
        let Checked { checkpoint, scope, indices, .. } = self.checked;
        if index >= checkpoint.size || !scope.is_in_time(peek.at) || !scope.names(peek) {
            return Ok(());
        }
        if indices.get(self.next) != Some(&index) {
            return Err(Violation::Evidence(EvidenceFault::Missing(index)).into());
        }
        self.next += 1;
        Ok(())
    }
}
