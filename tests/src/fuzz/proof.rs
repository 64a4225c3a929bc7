//! Receipts (tlog-proof). The bytes are a receipt; where its checkpoint is only a number up to [`LARGEST`], the signed
//! checkpoint of a tree of that size is put there.
//!
//! 1. A receipt that is read is written the same (but for an `extra` line, which is not kept).
//! 2. It proves a leaf of the tree exactly when it has that leaf's index and that leaf's one audit path, as made here by
//!    the definition of RFC 6962 §2.1.1 and not by the gateway's code, and it proves no other leaf.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    merkle::{Hash, leaf_hash, node_hash},
    proof::{self, Proof},
};

use super::signer::{KEY_NAME, key, signed};

/// The largest tree.
const LARGEST: usize = 300;

static LEAVES: LazyLock<Vec<Hash>> =
    LazyLock::new(|| (0..LARGEST).map(|index| leaf_hash(format!("leaf {index}").as_bytes())).collect());

/// The signed checkpoint of each size.
static CHECKPOINTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let text = |size: usize| format!("{KEY_NAME}\n{size}\n{}\n", STANDARD.encode(root(&LEAVES[..size])));
    (0..=LARGEST).map(|size| signed(&text(size))).collect()
});

/// MTH of RFC 6962 §2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => ring::digest::digest(&ring::digest::SHA256, b"").as_ref().try_into().expect("32 bytes"),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of RFC 6962 §2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut inner, sibling) =
        if index < at { (path(index, left), root(right)) } else { (path(index - at, right), root(left)) };
    inner.push(sibling);
    inner
}

/// The largest power of two below `size`.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// The receipt of a leaf in the tree of `size` leaves.
#[must_use]
pub fn receipt(index: usize, size: usize) -> String {
    proof::format(index as u64, &path(index, &LEAVES[..size]), &CHECKPOINTS[size])
}

pub(super) fn feed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(read) = Proof::parse(text) else { return false };
    assert!(read.hashes.len() <= 64);
    let written = proof::format(read.index, &read.hashes, read.checkpoint);
    let without_extra: String = match text.split_once("\nextra ") {
        Some((before, after)) if !before.contains('\n') => {
            format!("{before}\n{}", after.split_once('\n').expect("more lines").1)
        }
        Some(_) | None => text.to_owned(),
    };
    assert_eq!(written, without_extra);

    let size = read.checkpoint.parse().ok().filter(|size: &usize| *size <= LARGEST);
    let checkpoint = size.map_or(read.checkpoint, |size| &CHECKPOINTS[size]);
    let read = Proof { checkpoint, ..read };
    let index = usize::try_from(read.index).unwrap_or(usize::MAX);
    let Some(size) = CHECKPOINTS.iter().position(|known| known == checkpoint) else {
        // The key signed no other checkpoint of these leaves.
        assert!(LEAVES.first().is_none_or(|leaf| read.verify(leaf, key()).is_err()), "a checkpoint that nobody signed");
        return false;
    };
    let right = index < size && path(index, &LEAVES[..size]) == read.hashes;
    let leaf = LEAVES.get(index).unwrap_or(&LEAVES[0]);
    assert_eq!(read.verify(leaf, key()).is_ok(), right, "index {index} of {size}");
    let other = &LEAVES[(index % LARGEST + 1) % LARGEST];
    assert!(read.verify(other, key()).is_err(), "another leaf is proved");
    right
}
