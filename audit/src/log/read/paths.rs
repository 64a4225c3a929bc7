//! Audit paths of many leaves to one published checkpoint.

use std::io;

use crate::log::publish::proof_tree::Tree;
use crate::log::threads::shared::Shared;
use crate::merkle::{self, Hash};

/// Audit paths to one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
    /// One for each leaf that was asked for, in that order.
    pub paths: Vec<Vec<Hash>>,
}

/// See [`crate::log::Log::paths`].
pub(crate) fn paths(shared: &Shared, leaves: &[u64]) -> io::Result<Paths> {
    let published = shared.published();
    let unpublished = |name: &_| shared.with_recent(|recent| recent.bytes(name));
    let tree = Tree::new(&unpublished, &shared.tile_store);
    let path = |index: &u64| merkle::inclusion_proof(*index, published.size, &tree).map_err(io::Error::other);
    Ok(Paths { paths: leaves.iter().map(path).collect::<Result<_, _>>()?, checkpoint: published.note.clone() })
}
