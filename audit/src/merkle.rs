//! The Merkle tree of RFC 6962 §2.1 over SHA-256: hashes, roots and proofs, read from tiles ([`crate::tile`]).
//!
//! A tile of level L holds hashes of complete subtrees of 256^L leaves; every other hash is computed from those.
#![expect(clippy::indexing_slicing, reason = "offsets into tiles are computed; each is bounded where it is made")]

use std::borrow::Cow;
use std::io;

use ring::digest::{Context, SHA256, digest};

use crate::tile;

/// Bytes of a hash.
pub const HASH_LEN: usize = 32;

/// A SHA-256 hash: of a leaf, of an interior node, or the root of a tree.
pub type Hash = [u8; HASH_LEN];

/// The hash of a leaf: SHA-256(0x00 ‖ leaf) (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(leaf);
    to_hash(context.finish().as_ref())
}

/// The hash of an interior node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 1 + 2 * HASH_LEN];
    bytes[1..1 + HASH_LEN].copy_from_slice(left);
    bytes[1 + HASH_LEN..].copy_from_slice(right);
    to_hash(digest(&SHA256, &bytes).as_ref())
}

/// The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1).
#[must_use]
pub fn empty_root() -> Hash {
    to_hash(digest(&SHA256, b"").as_ref())
}

fn to_hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; HASH_LEN];
    hash.copy_from_slice(bytes);
    hash
}

/// Where hashes of a tree come from: files, a web server, memory.
pub trait HashReader {
    /// The bytes of hash tile `index` of `level`, exactly `width` hashes (1..=256), 32 bytes each. A reader that has
    /// only a wider tile gives its beginning.
    ///
    /// # Errors
    /// Whatever kept it from being read; a missing tile is [`io::ErrorKind::NotFound`].
    fn tile(&self, level: u8, index: u64, width: u16) -> io::Result<Cow<'_, [u8]>>;

    /// The root of the complete subtree of 2^`height` leaves that begins at leaf `index` × 2^`height` of a tree of
    /// `size` leaves. The default hashes part of one tile; a reader that keeps interior nodes may answer directly.
    ///
    /// # Errors
    /// As [`ReadError`] says.
    fn subtree(&self, height: u8, index: u64, size: u64) -> Result<Hash, ReadError> {
        let (level, inside) = (height / tile::HEIGHT, height % tile::HEIGHT);
        // The subtree's 2^inside hashes of that level: aligned, so they lie in one tile.
        let first = index << inside;
        let number = first >> tile::HEIGHT;
        let width = tile::width_at(level, number, size);
        let fail = |source| ReadError { path: tile::path(level, number, width), source };
        let bytes = self.tile(level, number, width).map_err(fail)?;
        if bytes.len() != usize::from(width) * HASH_LEN {
            return Err(fail(io::Error::new(io::ErrorKind::InvalidData, "wrong length")));
        }
        let from = (first % u64::from(tile::FULL_WIDTH)) as usize * HASH_LEN;
        let hashes = bytes.get(from..from + (HASH_LEN << inside));
        hashes.map(perfect_root).ok_or_else(|| fail(io::ErrorKind::UnexpectedEof.into()))
    }
}

/// A tile that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be read: {source}")]
pub struct ReadError {
    /// Its path below the log's folder.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// The root over consecutive hashes of one level, a power of two of them (at most a full tile).
#[must_use]
pub(crate) fn perfect_root(hashes: &[u8]) -> Hash {
    let mut nodes = [[0; HASH_LEN]; tile::FULL_WIDTH as usize];
    let mut count = hashes.len() / HASH_LEN;
    for (node, bytes) in nodes.iter_mut().zip(hashes.chunks_exact(HASH_LEN)) {
        node.copy_from_slice(bytes);
    }
    while count > 1 {
        count /= 2;
        for at in 0..count {
            nodes[at] = node_hash(&nodes[2 * at], &nodes[2 * at + 1]);
        }
    }
    nodes[0]
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// When a tile cannot be read.
pub fn root(size: u64, reader: &impl HashReader) -> Result<Hash, ReadError> {
    if size == 0 { Ok(empty_root()) } else { range_root(0, size, size, reader) }
}

/// The root over leaves `from..to` of a tree of `size` leaves; `from` is a multiple of the power of two that covers
/// the range, as it always is in the recursion of RFC 6962.
fn range_root(from: u64, to: u64, size: u64, reader: &impl HashReader) -> Result<Hash, ReadError> {
    let len = to - from;
    if len.is_power_of_two() {
        let height = len.trailing_zeros() as u8;
        return reader.subtree(height, from >> height, size);
    }
    let middle = from + split(len);
    let left = range_root(from, middle, size, reader)?;
    Ok(node_hash(&left, &range_root(middle, to, size, reader)?))
}

/// The largest power of two smaller than `len` (≥ 2).
fn split(len: u64) -> u64 {
    1 << (63 - (len - 1).leading_zeros())
}

/// A proof that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The index or size asked for is not in the tree.
    #[error("`{asked}` is outside a tree of {size} leaves")]
    Outside {
        /// The leaf's index, or the older tree's size.
        asked: u64,
        /// The tree's size.
        size: u64,
    },
    /// A tile could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962 §2.1.1), the leaf's sibling first.
///
/// # Errors
/// When the leaf is not in that tree, or a tile cannot be read.
pub fn inclusion_proof(index: u64, size: u64, reader: &impl HashReader) -> Result<Vec<Hash>, ProveError> {
    if index >= size {
        return Err(ProveError::Outside { asked: index, size });
    }
    let (mut from, mut to) = (0, size);
    let mut proof = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        let sibling = if index < middle { (middle, to) } else { (from, middle) };
        proof.push(range_root(sibling.0, sibling.1, size, reader)?);
        (from, to) = if index < middle { (from, middle) } else { (middle, to) };
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new` leaves (RFC 6962 §2.1.2); empty when
/// `old` is 0 or equals `new`.
///
/// # Errors
/// When `old` is larger than `new`, or a tile cannot be read.
pub fn consistency_proof(old: u64, new: u64, reader: &impl HashReader) -> Result<Vec<Hash>, ProveError> {
    if old > new {
        return Err(ProveError::Outside { asked: old, size: new });
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, new);
    // The older tree's last leaf lies in from..to; the loop ends at a subtree that both trees have whole.
    while to != old {
        let middle = from + split(to - from);
        let sibling = if old <= middle { (middle, to) } else { (from, middle) };
        proof.push(range_root(sibling.0, sibling.1, new, reader)?);
        (from, to) = if old <= middle { (from, middle) } else { (middle, to) };
    }
    if from != 0 {
        // Not a prefix by itself: the verifier needs it to rebuild the older root.
        proof.push(range_root(from, to, new, reader)?);
    }
    proof.reverse();
    Ok(proof)
}

/// A proof that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// The index or the older size is outside the tree.
    #[error("its index or size is outside the tree")]
    Outside,
    /// It has more or fewer hashes than a proof between these sizes has.
    #[error("it has the wrong number of hashes")]
    Length,
    /// It leads to another root.
    #[error("it leads to another root")]
    Root,
}

/// Checks that `leaf` (a leaf hash) is leaf `index` of the tree of `size` leaves with this `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
/// When it is not, or the proof has not exactly the hashes it must have.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> Result<(), InvalidProof> {
    if index >= size {
        return Err(InvalidProof::Outside);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(InvalidProof::Length);
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right neighbour is its own parent until it is a right child.
            let skip = if node == 0 { 0 } else { node.trailing_zeros() };
            (node, last) = (node >> skip, last >> skip);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(InvalidProof::Length);
    }
    if hash == *root { Ok(()) } else { Err(InvalidProof::Root) }
}

/// Checks that the tree of `old` leaves with root `old_root` is the beginning of the tree of `new` leaves with root
/// `new_root` (RFC 9162 §2.1.4.2). From an empty tree, and between equal sizes, the proof is empty.
///
/// # Errors
/// When it is not, or the proof has not exactly the hashes it must have.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), InvalidProof> {
    if old > new {
        return Err(InvalidProof::Outside);
    }
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return match (proof.is_empty(), same) {
            (false, _) => Err(InvalidProof::Length),
            (true, false) => Err(InvalidProof::Root),
            (true, true) => Ok(()),
        };
    }
    // The older root itself is left out of the proof when it is a subtree of the newer tree.
    let (first, rest) =
        if old.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or(InvalidProof::Length)? };
    let skip = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> skip, (new - 1) >> skip);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(InvalidProof::Length);
        }
        if node % 2 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            let skip = if node == 0 { 0 } else { node.trailing_zeros() };
            (node, last) = (node >> skip, last >> skip);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(InvalidProof::Length);
    }
    if old_hash == *old_root && new_hash == *new_root { Ok(()) } else { Err(InvalidProof::Root) }
}
