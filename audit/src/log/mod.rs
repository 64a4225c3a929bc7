//! The writing side of the log: write-ahead log, group commit, publication, receipts, recovery.
//!
//! **Truth** is the write-ahead log, `<data>/wal/<first index>.seg` (`frame.rs` describes its bytes). An entry that
//! was [submitted](Log::submit) waits in a queue; the one writer takes everything that waits as a batch, gives each
//! leaf its index, `at` and `seq`, writes all with one write and one `fdatasync`, and then resolves the tickets. Tiles,
//! bundles and checkpoint in `<data>/log` are derived from it by the publisher; a prover signs at once for those who
//! asked for the whole proof. Four threads: writer, publisher, prover, and one that keeps the next segment reserved.
//!
//! **What must never be**: a ticket resolved before its batch is durable; a signature above what is durable or above
//! what the second place remembers; a write tried again after a failed sync; a lock held across the writer's I/O.
//!
//! Begin with `writer.rs`, whose commit says what is true if we crash at each point; then `publish.rs` and
//! `recover.rs`, which does the same steps from the other side.
//!
//! What it does not do: prune, compress, replicate, or keep an index. A leaf is found by its id's time (`lookup.rs`).

mod disk;
mod error;
mod metrics;
mod open;
mod publish;
mod read;
mod recordability;
mod settings;
mod submit;
#[cfg(test)]
mod tests;
mod threads;
mod tree;
mod wal;

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use uuid::Uuid;

pub use error::{LookupError, NotRecordable, RecoverError, StartError, Unsubmitted};
pub use metrics::{Histogram, Metrics};
pub use open::recover::{Recovered, recover};
pub use read::lookup::Lookup;
pub use recordability::Cause;
pub use settings::{Report, Settings, Stop};
pub use submit::ticket::{Durable, Ticket};
pub use wal::leaf_reader::Leaves;

use crate::leaf::Entry;
use threads::prover::Proofs;
use threads::shared::Shared;

/// Signs for the log, with Ed25519. The key itself stays with whoever implements this.
pub trait Signer: Send + Sync {
    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> [u8; 64];

    /// The key that verifies it.
    fn public_key(&self) -> [u8; 32];
}

/// A running log. Clones are the same log; the last one dropped closes it.
#[derive(Clone)]
pub struct Log(Arc<Running>);

struct Running {
    shared: Arc<Shared>,
    proofs: Arc<Proofs>,
    threads: Mutex<Option<Threads>>,
}

/// What ends when the log closes.
struct Threads {
    writer: JoinHandle<()>,
    prover: JoinHandle<()>,
    publisher: JoinHandle<()>,
    reserver: JoinHandle<()>,
    /// Held until all have ended.
    lock: File,
}

impl Log {
    /// Puts an entry into the writer's queue, if `still` holds. The ticket resolves when its leaf is durable, and with
    /// `proof` when the whole proof is made.
    ///
    /// `still` runs under the queue's short lock, so it must not block or submit. What it sees is seen in the log's
    /// order: a suspension whose own `still` took effect is in force for every entry that is submitted later.
    ///
    /// # Errors
    /// [`Unsubmitted::NotRecordable`] when nothing can be recorded now, [`Unsubmitted::Overtaken`] with the entry when
    /// `still` says no.
    pub fn submit(&self, entry: Entry, proof: bool, still: impl FnOnce() -> bool) -> Result<Ticket, Unsubmitted> {
        if !self.0.shared.gate.is_open() {
            return Err(NotRecordable.into());
        }
        self.0.shared.queue.submit(entry, proof, still)
    }

    /// Whether entries are taken now: what readiness tells.
    #[must_use]
    pub fn recordable(&self) -> bool {
        self.0.shared.gate.is_open()
    }

    /// Leaves that are durable.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.shared.head().size
    }

    /// Leaves that the published checkpoint covers.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.0.shared.published().size
    }

    /// The published leaf with this id, if it is this institution's own, with its proof. Reads files; call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// As [`LookupError`] says; another institution's leaf is not found.
    pub fn receipt(&self, id: Uuid, institution: &str) -> Result<Lookup, LookupError> {
        read::lookup::receipt(&self.0.shared, id, institution)
    }

    /// The log's figures.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let shared = &self.0.shared;
        let (waiting, ready) = (shared.queue.len(), shared.reserve.ready_bytes());
        shared.meters.read(waiting, ready, shared.unpublished_for(), shared.gate.causes())
    }

    /// Waits until everything that was submitted before is published, or the time has passed; says whether it is.
    /// Blocks.
    #[must_use]
    pub fn drain(&self, most: Duration) -> bool {
        self.0.shared.drain(most)
    }

    /// Takes no entries any more, records those that wait, publishes the last checkpoint and ends the threads. Blocks
    /// until then; a second call returns when the first has. Receipts can still be read.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Running {
    fn close(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Threads { writer, prover, publisher, reserver, lock }) = threads.take() else {
            return;
        };
        self.shared.gate.close();
        self.shared.queue.close();
        // Each ends when those that feed it have ended. One that panicked has nothing more to say.
        drop(writer.join());
        self.proofs.close();
        drop(prover.join());
        self.shared.close();
        drop(publisher.join());
        self.shared.reserve.close();
        drop(reserver.join());
        drop(lock);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
    }
}
