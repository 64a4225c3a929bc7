//! A running log as its users see it.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::error::{Damaged, LookupError, NotRecordable, RecoverError, ReleaseError, Unsubmitted};
use super::let_go;
use super::metrics::{Metrics, Times};
use super::read::lookup::{self, Lookup};
use super::read::paths::{self, Paths};
use super::read::scrub::{self, Scrubbed};
use super::release::{self, Released};
use super::submit::mailbox;
use super::submit::ticket::Ticket;
use super::threads::prover::Proofs;
use super::threads::shared::Shared;
use super::wal::lower_edge::LowerEdge;
use crate::leaf::Entry;
use crate::pruned::Pruned;

/// A running log. Clones are the same log; the last one dropped closes it.
#[derive(Clone)]
pub struct Log(pub(super) Arc<Running>);

pub(super) struct Running {
    pub(super) shared: Arc<Shared>,
    pub(super) proofs: Arc<Proofs>,
    pub(super) threads: Mutex<Option<Threads>>,
}

/// What ends when the log closes.
pub(super) struct Threads {
    pub(super) writer: JoinHandle<()>,
    pub(super) prover: JoinHandle<()>,
    pub(super) publisher: JoinHandle<()>,
    pub(super) reserver: JoinHandle<()>,
    /// Held until all have ended.
    pub(super) lock: File,
}

impl Log {
    /// Puts an entry into the writer's queue, if `check` returns true. The ticket resolves when its leaf is durable, and with
    /// `proof` when the whole proof is made.
    ///
    /// `check` runs under the queue's lock, for which every submitter and the writer wait. It may be a few atomic loads
    /// and comparisons, no more: no I/O, no lock that anybody keeps for long, no parsing, no cryptography, no
    /// `submit`. What takes longer is prepared before, and `check` only looks whether it is still so (a generation
    /// number, say). What it sees is seen in the log's order: a suspension whose own `check` took effect is in force for
    /// every entry that is submitted later.
    ///
    /// # Errors
    /// [`Unsubmitted::NotRecordable`] when nothing can be recorded now, [`Unsubmitted::Overtaken`] with the entry when
    /// `check` says no.
    pub fn submit(&self, entry: Entry, proof: bool, check: impl FnOnce() -> bool) -> Result<Ticket, Unsubmitted> {
        if !self.recordable() {
            return Err(NotRecordable.into());
        }
        self.0.shared.queue.submit(entry, proof, check)
    }

    /// The calling thread serves callers who wait for leaves, and says from now on when it has nothing to do
    /// ([`Log::server_idle`]) and when again ([`Log::server_busy`]). While every such thread is busy a batch waits for more, at
    /// most for [`super::Settings::linger`].
    pub fn add_server(&self) {
        self.0.shared.queue.serves();
    }

    /// A thread of [`Log::add_server`] has nothing to do, so that nobody gains by waiting. Cheap; takes the queue's lock where the
    /// writer waits.
    pub fn server_idle(&self) {
        self.0.shared.queue.idle();
    }

    /// It goes on.
    pub fn server_busy(&self) {
        self.0.shared.queue.busy();
    }

    /// A task for a thread of [`Log::add_server`]: with it, tickets of that thread resolve by one wake a batch. Never ends.
    pub async fn deliver(&self) -> Infallible {
        mailbox::deliver().await
    }

    /// Whether entries are taken now: what readiness reports.
    #[must_use]
    pub fn recordable(&self) -> bool {
        self.0.shared.is_recordable()
    }

    /// Whether the batch under way takes longer than [`super::SLOW`], or a signature too long: whoever waits for a record
    /// may be informed that it is not known whether there will be one.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.0.shared.is_slow()
    }

    /// The time now as the log accepts it: the wall clock's, but a step of more than a minute is not followed while the
    /// log refuses to record by it. Never before the last leaf. What goes by days (limits, keys) takes its time from here,
    /// so that it agrees with the leaves. Takes no lock and does no I/O.
    #[must_use]
    pub fn accepted_now(&self) -> Timestamp {
        self.0.shared.accepted.now(&*self.0.shared.clock)
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
        lookup::receipt(&self.0.shared, id, institution)
    }

    /// Audit paths of these leaves to the published checkpoint, which must cover them. Reads files; call it where blocking is
    /// allowed.
    ///
    /// # Errors
    /// When a leaf is not published yet, or a tile cannot be read.
    pub fn paths(&self, leaves: &[u64]) -> io::Result<Paths> {
        paths::paths(&self.0.shared, leaves)
    }

    /// Removes segments of the write-ahead log whose leaves all lie below both `covered`, up to which the caller has
    /// taken the leaves in (a state snapshot, say), and the published size. Bundles keep every leaf. Reads files, some
    /// seconds at most; call it where blocking is allowed, and again while it removes something.
    ///
    /// # Errors
    /// As [`ReleaseError`] says; the log goes on in any case. A closed log removes nothing.
    pub fn release_segments(&self, covered: u64) -> Result<Released, ReleaseError> {
        // Held so that the folder is not given to another process meanwhile.
        let threads = self.0.threads.lock().unwrap_or_else(PoisonError::into_inner);
        match &*threads {
            Some(_) => release::release(&self.0.shared, covered),
            None => Ok(Released::default()),
        }
    }

    /// Compares a full bundle (counted round and round, from 0) with the hash tiles up to the published tree. What is
    /// missing or wrong is made again: records from the write-ahead log, as long as it has them, hashes from what they are
    /// of; it must lead to the published root. Reads some files; call it where blocking is allowed.
    ///
    /// # Errors
    /// [`Damaged`], with the file, where nothing can make it again.
    pub fn scrub(&self, bundle: u64) -> Result<Scrubbed, Damaged> {
        scrub::scrub(&self.0.shared, bundle)
    }

    /// Lets the bundles before an edge go, once a published leaf says that two officers decided so: what is left of them is
    /// durable before the first one is removed. Every bundle is read once more and compared with the hash tiles; call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// When the write-ahead log has some of the records still, when a bundle is not what it was, or a file cannot be
    /// written or removed. If `pruned` was written, the next start removes the rest.
    pub fn let_go(&self, pruned: &Pruned) -> io::Result<()> {
        // Held so that the folder is not given to another process meanwhile.
        let threads = self.0.threads.lock().unwrap_or_else(PoisonError::into_inner);
        match &*threads {
            Some(_) => let_go::let_go(&self.0.shared, pruned),
            None => Err(io::Error::other("the log is closed")),
        }
    }

    /// The leaves before this one were let go.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.0.shared.let_go.load(Ordering::Acquire)
    }

    /// Leaves before this one are in bundles only: the write-ahead log has released them.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn released(&self) -> Result<u64, RecoverError> {
        let settings = &self.0.shared.settings;
        LowerEdge::read(&settings.wal_dir(), &settings.origin).map(|edge| edge.first)
    }

    /// The log's figures.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let shared = &self.0.shared;
        let (waiting, ready) = (shared.queue.len(), shared.reserve.ready_bytes());
        let times =
            Times { unpublished_for: shared.unpublished_for(), writing_for: shared.writing.time(&*shared.clock) };
        shared.meters.read(waiting, ready, times, shared.causes())
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
        self.shared.recordability.close();
        self.shared.queue.close();
        // Each ends when those that feed it have ended. One that panicked has nothing more to say.
        drop(writer.join());
        self.proofs.close();
        drop(prover.join());
        self.shared.close();
        drop(publisher.join());
        self.shared.reserve.close();
        drop(reserver.join());
        self.shared.checkpoint_signer.close();
        drop(lock);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.close();
    }
}
