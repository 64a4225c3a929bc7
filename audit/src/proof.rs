//! Receipts: `c2sp.org/tlog-proof@v1`, an inclusion proof with the signed checkpoint it leads to, checked offline.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, decimal, hash_from_base64};
use crate::merkle::{self, Hash, InvalidProof};
use crate::note::VerifierKey;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Hashes in the longest audit path of a tree of less than 2^64 leaves.
const MAX_HASHES: usize = 64;

/// The text of a proof that leaf `index` is in the tree of `checkpoint` (a signed note, verbatim).
#[must_use]
pub fn format(index: u64, hashes: &[Hash], checkpoint: &str) -> String {
    let mut text = format!("{HEADER}\nindex {index}\n");
    for hash in hashes {
        STANDARD.encode_string(hash, &mut text);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(checkpoint);
    text
}

/// A proof as read; nothing of it is believed before [`Proof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The leaf's index in the log, from 0.
    pub index: u64,
    /// The audit path, the leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: &'a str,
}

/// A receipt that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not the lines of a tlog-proof.
    #[error("the receipt is no `{HEADER}`: {0}")]
    Form(&'static str),
    /// Its checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The path does not lead from this leaf to the checkpoint's root.
    #[error("the receipt does not prove this leaf: {0}")]
    Inclusion(#[from] InvalidProof),
}

impl<'a> Proof<'a> {
    /// Reads a proof. An `extra` line is allowed, as the format says, and ignored: nothing authenticates it.
    ///
    /// # Errors
    /// [`ProofError::Form`] with the part that is wrong.
    pub fn parse(text: &'a str) -> Result<Self, ProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Form("no empty line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Form("another first line"));
        }
        let mut line = lines.next();
        if let Some(extra) = line.and_then(|line| line.strip_prefix("extra ")) {
            STANDARD.decode(extra).map_err(|_| ProofError::Form("`extra` is no base64"))?;
            line = lines.next();
        }
        let index = line.and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let index = index.ok_or(ProofError::Form("no `index` with a number"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == MAX_HASHES {
                return Err(ProofError::Form("more than 64 hashes"));
            }
            hashes.push(hash_from_base64(line).ok_or(ProofError::Form("a line is no base64 of 32 bytes"))?);
        }
        Ok(Self { index, hashes, checkpoint })
    }

    /// Checks the checkpoint's signature and origin by `key`, and that the path leads from `leaf_hash` to its root.
    /// Gives the checkpoint.
    ///
    /// # Errors
    /// As [`ProofError`] says.
    pub fn verify(&self, leaf_hash: &Hash, key: &VerifierKey) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(self.checkpoint, key)?;
        merkle::verify_inclusion(self.index, checkpoint.size, leaf_hash, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}
