//! A witness (c2sp.org/tlog-witness): keeps of each log the latest checkpoint that it cosigned, and cosigns a later one
//! only where a consistency proof shows that the log grew and changed nothing.

mod request;
mod state;

use std::sync::{Mutex, PoisonError};

use crate::checkpoint::Checkpoint;
use crate::cosigner::Cosigner;
use crate::merkle::{self, InvalidProof};
use crate::note::{self, NoteError, VerifierKey};

use request::AddCheckpoint;
pub use request::MAX_REQUEST_BYTES;
pub use state::StateError;
use state::{Cosigned, State};

/// What the witness says to a checkpoint that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 200: the signature lines.
    Cosigned(String),
    /// 400: no request of this protocol; why.
    Malformed(String),
    /// 403: no signature of a trusted key, or one that is not valid.
    NotSigned,
    /// 404: the log is not one of ours.
    UnknownLog,
    /// 409: the size that was cosigned last.
    OtherSize(u64),
    /// 422: it does not follow from what was cosigned last.
    Inconsistent(Inconsistency),
}

/// How a checkpoint does not follow from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistency {
    /// Signed by the log: of this size, it has shown two trees. Proof of a fork.
    #[error("the log signed another root of the size that was cosigned")]
    Fork,
    /// A tree without leaves has one root.
    #[error("the root is not that of the empty tree")]
    EmptyRoot,
    /// The proof.
    #[error("the consistency proof is not valid: {0}")]
    Proof(InvalidProof),
}

/// The logs that are watched, the keys, and what was cosigned.
pub struct Witness {
    cosigners: Vec<Cosigner>,
    logs: Vec<VerifierKey>,
    /// Checking against the latest checkpoint and writing the next is one step.
    state: Mutex<State>,
}

impl Witness {
    /// A witness with its folder; `is_new` for the first start, with a folder that is empty or missing.
    ///
    /// # Errors
    /// As [`StateError`] says. A folder that lost its files is refused: whoever cosigned before would cosign a second
    /// history.
    pub fn open(
        folder: &std::path::Path,
        is_new: bool,
        cosigners: Vec<Cosigner>,
        logs: Vec<VerifierKey>,
    ) -> Result<Self, StateError> {
        let state = Mutex::new(State::open(folder, is_new, &logs)?);
        Ok(Self { cosigners, logs, state })
    }

    /// Judges a submission, at a time in seconds since 1970. What it cosigns is durable when this returns.
    ///
    /// # Errors
    /// When the state cannot be written; nothing was cosigned.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Result<Verdict, StateError> {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(fault) => return Ok(Verdict::Malformed(fault.to_string())),
        };
        let origin = request.note.split('\n').next().unwrap_or_default();
        let keys: Vec<VerifierKey> = self.logs.iter().filter(|key| key.name() == origin).cloned().collect();
        if keys.is_empty() {
            return Ok(Verdict::UnknownLog);
        }
        let note = match note::open(request.note, &keys) {
            Ok(note) => note,
            Err(NoteError::Signature(_) | NoteError::Unsigned) => return Ok(Verdict::NotSigned),
            Err(fault) => return Ok(Verdict::Malformed(fault.to_string())),
        };
        let checkpoint = match Checkpoint::parse_with_extensions(note.text()) {
            Ok(checkpoint) => checkpoint,
            Err(fault) => return Ok(Verdict::Malformed(fault.to_string())),
        };
        if request.old > checkpoint.size {
            return Ok(Verdict::Malformed("the old size is above the checkpoint's".to_owned()));
        }
        self.judge(&request, note.text(), &checkpoint, now)
    }

    /// The checkpoint of a log that was cosigned last, with its signatures, by the SHA-256 of its origin in hexadecimal.
    #[must_use]
    pub fn latest(&self, origin_hash: &str) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.by_hash(origin_hash).map(|cosigned| cosigned.note.clone())
    }

    fn judge(
        &self,
        request: &AddCheckpoint<'_>,
        text: &str,
        checkpoint: &Checkpoint,
        now: u64,
    ) -> Result<Verdict, StateError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.of(&checkpoint.origin);
        let (size, root) = before.map_or((0, merkle::empty_root()), |before| (before.size, before.root));
        if request.old != size {
            return Ok(Verdict::OtherSize(size));
        }
        if checkpoint.size == 0 && checkpoint.root != merkle::empty_root() {
            return Ok(Verdict::Inconsistent(Inconsistency::EmptyRoot));
        }
        if size > 0 && checkpoint.size == size && checkpoint.root != root {
            state.keep_fork(&checkpoint.origin, request.note)?;
            return Ok(Verdict::Inconsistent(Inconsistency::Fork));
        }
        if let Err(fault) = merkle::verify_consistency(size, checkpoint.size, &root, &checkpoint.root, &request.proof) {
            return Ok(Verdict::Inconsistent(Inconsistency::Proof(fault)));
        }
        let lines: Option<String> =
            self.cosigners.iter().map(|cosigner| cosigner.cosign(text, checkpoint, now)).collect();
        let Some(lines) = lines else {
            return Ok(Verdict::Malformed("the origin is longer than 255 bytes".to_owned()));
        };
        let note = format!("{text}\n{}{lines}", request.log_lines(&self.logs));
        // Crash here: nothing was cosigned. Crash after it: the log asks again and learns the size from a 409.
        state.replace(Cosigned {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size,
            root: checkpoint.root,
            note,
        })?;
        Ok(Verdict::Cosigned(lines))
    }
}
