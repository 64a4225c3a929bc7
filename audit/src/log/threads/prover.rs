//! Proofs at once: a thread that signs the durable tree for those who asked for the whole proof with their answer.
//! Nobody else waits for it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::shared::Shared;
use crate::log::publish::checkpoint_signer::Unsigned;
use crate::log::publish::proof_tree::Tree;
use crate::log::recordability::Cause;
use crate::log::submit::durable::Durable;
use crate::log::submit::ticket::Reply;
use crate::log::tree::recent::TreeHead;
use crate::{merkle, proof};

/// One who waits for a proof of a leaf that is durable.
pub(crate) struct Proving {
    pub(crate) reply: Reply,
    pub(crate) durable: Durable,
}

/// The queue of those.
#[derive(Default)]
pub(crate) struct Proofs {
    state: Mutex<ProverState>,
    more: Condvar,
}

#[derive(Default)]
struct ProverState {
    waiting: Vec<Proving>,
    closed: bool,
}

impl Proofs {
    pub(crate) fn ask(&self, mut proving: Vec<Proving>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting.append(&mut proving);
        self.more.notify_one();
    }

    /// Ends the thread once nobody waits.
    pub(crate) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.more.notify_one();
    }

    /// The thread.
    pub(crate) fn run(&self, shared: &Arc<Shared>) {
        while let Some(waiting) = self.take() {
            // Taken after those who wait, so the head covers all of them.
            shared.proving.begin(&*shared.clock);
            prove(shared, &shared.head(), waiting);
            shared.proving.end();
        }
    }

    fn take(&self) -> Option<Vec<Proving>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |state: &mut ProverState| state.waiting.is_empty() && !state.closed;
        let mut state = self.more.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut state.waiting);
        (!waiting.is_empty()).then_some(waiting)
    }
}

/// One signature and one sync of the rollback guard for all of them.
fn prove(shared: &Arc<Shared>, head: &TreeHead, waiting: Vec<Proving>) {
    let note = match shared.checkpoint_signer.sign(head) {
        Ok(note) => note,
        Err(Unsigned::Away(_)) => {
            // Each leaf is durable; the publisher says why there is no checkpoint of it yet.
            waiting.into_iter().for_each(|Proving { reply, durable }| reply.send(durable));
            return;
        }
        Err(Unsigned::Stopped) => {
            shared.recordability.block(Cause::Stopped, "the rollback guard failed");
            return;
        }
    };
    shared.meters.checkpoints.fetch_add(1, Ordering::Relaxed);
    let unpublished = |name: &_| shared.with_recent(|recent| recent.bytes(name));
    let tree = Tree::new(&unpublished, &shared.tile_store);
    for Proving { reply, mut durable } in waiting {
        let hashes = merkle::inclusion_proof(durable.index, head.size, &tree);
        // The leaf is durable whatever happens here: without a proof the receipt is fetched later.
        durable.proof = hashes.ok().map(|hashes| proof::format(durable.index, &hashes, &note));
        reply.send(durable);
    }
}
