//! The one place where a checkpoint is signed, and the rule that it keeps: the size is durable, and the rollback guard
//! remembers it before the signature exists.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::rollback_guard::{Forgotten, RollbackGuard};
use crate::checkpoint::Checkpoint;
use crate::log::disk::failure::{Fatal, Probe};
use crate::log::tree::recent::TreeHead;
use crate::note::{self, VerifierKey};

/// Signs for the log, with Ed25519. The key itself stays with whoever implements this.
pub trait Signer: Send + Sync {
    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> [u8; 64];

    /// The key that verifies it.
    fn public_key(&self) -> [u8; 32];
}

/// Why nothing was signed.
pub(crate) enum Unsigned {
    /// The rollback guard cannot be reached or written now; nothing is on record of this size, and it is tried again.
    Away(io::Error),
    /// The rollback guard failed and the log stopped, or it is closed.
    Stopped,
}

/// The signer with the rollback guard.
pub(crate) struct CheckpointSigner {
    signer: Box<dyn Signer>,
    key: VerifierKey,
    probe: Probe,
    fatal: Fatal,
    state: Mutex<SignerState>,
}

struct SignerState {
    /// `None` once the log is closed.
    rollback_guard: Option<RollbackGuard>,
    /// The last note, so that one size is signed once.
    last: Option<(u64, String)>,
}

impl CheckpointSigner {
    pub(crate) fn new(
        signer: Box<dyn Signer>,
        key: VerifierKey,
        rollback_guard: RollbackGuard,
        probe: Probe,
        fatal: Fatal,
    ) -> Self {
        Self {
            signer,
            key,
            probe,
            fatal,
            state: Mutex::new(SignerState { rollback_guard: Some(rollback_guard), last: None }),
        }
    }

    /// The signed checkpoint of a durable head.
    ///
    /// The lock is held while the rollback guard is synced: its two callers, the publisher and the prover, have to wait
    /// for that sync in any case.
    /// # Errors
    /// [`Unsigned`]: the rollback guard does not remember it.
    pub(crate) fn sign(&self, head: &TreeHead) -> Result<String, Unsigned> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((size, note)) = &state.last
            && *size == head.size
        {
            return Ok(note.clone());
        }
        let guard = state.rollback_guard.as_mut().ok_or(Unsigned::Stopped)?;
        match guard.remember(head.size, head.root, &self.probe) {
            Ok(()) => {}
            Err(Forgotten::Away(error)) => return Err(Unsigned::Away(error)),
            Err(Forgotten::Failed(error)) => {
                self.fatal.stop("writing the rollback guard", &error);
                return Err(Unsigned::Stopped);
            }
        }
        // Crash here: a size is remembered that nobody saw signed. It is durable, so the next start agrees.
        let checkpoint = Checkpoint { origin: self.key.name().to_owned(), size: head.size, root: head.root };
        let text = checkpoint.to_text();
        let note = note::sign(self.key.name(), self.key.id(), &text, |message| self.signer.sign(message));
        state.last = Some((head.size, note.clone()));
        Ok(note)
    }

    /// Gives the rollback guard back: nothing is signed from here on.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rollback_guard = None;
    }
}
