//! An export, checked by itself.

use std::collections::{BTreeMap, BTreeSet};

use ring::hmac;

use super::fault::ExportFault;
use super::form::{Act, Entry, Export, FORM, File, Proven, TagOf};
use crate::checkpoint::Checkpoint;
use crate::leaf::{self, Base64, Body, QueryLeaf};
use crate::merkle::{self, Hash, leaf_hash};
use crate::note::VerifierKey;

/// An export that holds by itself: its record commits to its bytes, the checkpoint proves its record and each of its
/// entries, and each is shown as its leaf says. It says nothing yet of what was left out.
pub struct Checked {
    /// The key that signed its checkpoint.
    pub key: VerifierKey,
    /// Its checkpoint.
    pub checkpoint: Checkpoint,
    /// The leaf that is its record.
    pub statement: u64,
    /// How many queries it has.
    pub entries: usize,
    /// How many acts of others for the person it has.
    pub done_for: usize,
    /// Scenarios whose queries are withheld, as the gateway says.
    pub left_out: Vec<String>,
    /// Whether another file has the earlier ones.
    pub goes_on: bool,
    pub(super) scope: Scope,
}

/// What an export ought to have, for who compares it with the log.
pub(super) struct Scope {
    pub(super) after: u64,
    pub(super) before: u64,
    pub(super) to: jiff::civil::Date,
    pub(super) left_out: BTreeSet<String>,
    pub(super) known: BTreeSet<TagOf>,
    pub(super) tags: BTreeSet<[u8; 32]>,
    pub(super) indices: BTreeSet<u64>,
}

impl Checked {
    /// Checks an export. With `key` it must be of that log; else the key is the one that it names, which proves less.
    ///
    /// # Errors
    /// [`ExportFault`].
    pub fn of(bytes: &[u8], key: Option<&VerifierKey>) -> Result<Self, ExportFault> {
        let form = |error: serde_json::Error| ExportFault::Form(error.to_string());
        let file: File<'_> = serde_json::from_slice(bytes).map_err(form)?;
        let export: Export = serde_json::from_str(file.export.get()).map_err(form)?;
        if export.form != FORM {
            return Err(ExportFault::Form(format!("its form is `{}`", export.form)));
        }
        let named = VerifierKey::parse(&export.vkey)?;
        if key.is_some_and(|key| *key != named) || named.name() != export.origin {
            return Err(ExportFault::OtherKey);
        }
        let checkpoint = Checkpoint::open(&file.checkpoint, &named)?;
        recorded(file.export.get(), &export, &file.statement)?;
        proven(&checkpoint, file.statement.index, &file.statement.leaf, &file.statement.path)?;
        let entries = export.entries.len().saturating_add(export.done_for.len());
        if file.paths.len() != entries {
            return Err(ExportFault::Paths { entries, paths: file.paths.len() });
        }
        let mut tags = BTreeMap::new();
        for tag in &export.tags {
            if tags.insert(tag.of(), tag.tag.0).is_some_and(|before| before != tag.tag.0) {
                return Err(ExportFault::Form("a tag is there twice".to_owned()));
            }
        }
        let mut before = export.before;
        for (entry, path) in export.entries.iter().zip(&file.paths) {
            if entry.index >= before || entry.index < export.after {
                return Err(ExportFault::Order(entry.index));
            }
            before = entry.index;
            proven(&checkpoint, entry.index, &entry.leaf, path)?;
            is_the_person_s(entry, &tags)?;
        }
        done_for(&export, &checkpoint, file.paths.get(export.entries.len()..).unwrap_or_default())?;
        let scope = Scope {
            after: export.after,
            before: export.before,
            to: export.to,
            left_out: export.left_out.iter().cloned().collect(),
            tags: tags.values().copied().collect(),
            known: tags.into_keys().collect(),
            indices: export.entries.iter().map(|entry| entry.index).collect(),
        };
        Ok(Self {
            key: named,
            checkpoint,
            statement: file.statement.index,
            entries: export.entries.len(),
            done_for: export.done_for.len(),
            left_out: export.left_out,
            goes_on: export.next.is_some(),
            scope,
        })
    }
}

/// Whether the statement is one of these bytes.
fn recorded(bytes: &str, export: &Export, statement: &Proven) -> Result<(), ExportFault> {
    let leaf = leaf::parse(statement.leaf.as_bytes()).ok().flatten().map(|leaf| leaf.body);
    let Some(Body::Statement(leaf)) = leaf else { return Err(ExportFault::Statement) };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &statement.opening.0);
    if hmac::verify(&key, bytes.as_bytes(), &leaf.digest.0).is_err() {
        return Err(ExportFault::Altered);
    }
    let is_of_it = (leaf.from, leaf.to, leaf.size) == (export.from, export.to, export.covers);
    // It was made of leaves that were there, and goes on without a gap from file to file.
    let is_whole = export.before <= export.covers && (export.next.is_some() || export.after == 0);
    if is_of_it && is_whole && statement.index >= export.covers { Ok(()) } else { Err(ExportFault::Statement) }
}

fn proven(checkpoint: &Checkpoint, index: u64, leaf: &str, path: &[Base64<Hash>]) -> Result<(), ExportFault> {
    let path: Vec<Hash> = path.iter().map(|hash| hash.0).collect();
    merkle::verify_inclusion(index, checkpoint.size, &leaf_hash(leaf.as_bytes()), &path, &checkpoint.root)
        .map_err(|cause| ExportFault::Unproven { index, cause })
}

/// Whether what others did is on the record, in its order, and is shown as what it is.
fn done_for(export: &Export, checkpoint: &Checkpoint, paths: &[Vec<Base64<Hash>>]) -> Result<(), ExportFault> {
    let mut before = export.covers;
    for (Act { index, leaf, shown }, path) in export.done_for.iter().zip(paths) {
        if *index >= before {
            return Err(ExportFault::Order(*index));
        }
        before = *index;
        proven(checkpoint, *index, leaf, path)?;
        let act = leaf::parse(leaf.as_bytes()).ok().flatten().filter(|leaf| matches!(leaf.body, Body::Binding(_)));
        let act = act.ok_or(ExportFault::NoAct(*index))?;
        if let Some(member) = shown.differs(*index, &act) {
            return Err(ExportFault::Shown { index: *index, member });
        }
    }
    Ok(())
}

/// Whether an entry is a query with the person's tag, and is shown as what it is.
fn is_the_person_s(entry: &Entry, tags: &BTreeMap<TagOf, [u8; 32]>) -> Result<(), ExportFault> {
    let index = entry.index;
    let leaf = QueryLeaf::parse(entry.leaf.as_bytes()).map_err(|_| ExportFault::NoQuery(index))?;
    let (Some(of), Some(subject)) = (TagOf::of(&leaf), &leaf.subject) else {
        return Err(ExportFault::NoQuery(index));
    };
    if tags.get(&of) != Some(&subject.0) {
        return Err(ExportFault::Tag(index));
    }
    match entry.shown.differs(&leaf) {
        None => Ok(()),
        Some(member) => Err(ExportFault::Shown { index, member }),
    }
}
