//! The body of `add-checkpoint`: old size, proof, an empty line, the checkpoint.

use crate::checkpoint::{decimal, hash_from_base64};
use crate::merkle::Hash;
use crate::note::{self, VerifierKey};

/// Longest body that is read: 63 lines of proof and a checkpoint with some dozen signatures of ML-DSA-44.
pub const MAX_REQUEST_BYTES: usize = 128 * 1024;

/// Most lines of a proof: a tree has at most 2^63 leaves.
const MAX_PROOF: usize = 63;

/// A submission, taken apart.
pub(super) struct AddCheckpoint<'a> {
    pub(super) old: u64,
    pub(super) proof: Vec<Hash>,
    /// The signed checkpoint; nothing in it was verified.
    pub(super) note: &'a str,
}

/// A body that is no submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestFault {
    #[error("the body is not UTF-8")]
    Encoding,
    #[error("the body has no empty line before the checkpoint")]
    Form,
    #[error("the first line is not `old` and a size in decimal without leading zeroes")]
    OldSize,
    #[error("a line of the proof is no base64 of 32 bytes")]
    Hash,
    #[error("the proof has more than 63 lines")]
    Length,
}

impl<'a> AddCheckpoint<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, RequestFault> {
        let body = std::str::from_utf8(body).map_err(|_| RequestFault::Encoding)?;
        let (head, note) = body.split_once("\n\n").ok_or(RequestFault::Form)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(RequestFault::OldSize)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_PROOF {
                return Err(RequestFault::Length);
            }
            proof.push(hash_from_base64(line).ok_or(RequestFault::Hash)?);
        }
        Ok(Self { old, proof, note })
    }

    /// The signature lines of the log's own keys, which were verified; others' are not passed on.
    pub(super) fn log_lines(&self, logs: &[VerifierKey]) -> String {
        let lines = self.note.rsplit_once("\n\n").map_or("", |(_, lines)| lines).lines();
        let is_known = |line: &&str| {
            note::signature_line(line)
                .is_some_and(|line| logs.iter().any(|key| key.name() == line.name && key.id() == line.id))
        };
        lines.filter(is_known).flat_map(|line| [line, "\n"]).collect()
    }
}
