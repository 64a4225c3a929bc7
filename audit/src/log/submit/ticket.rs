//! What a submitter waits on until its leaf is durable.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::log::error::NotRecordable;
use crate::merkle::Hash;

/// A leaf that is on disk, at its place for ever.
#[derive(Debug, Clone)]
pub struct Durable {
    /// Its index in the log, from 0.
    pub index: u64,
    /// When it was recorded, as the leaf says.
    pub at: Timestamp,
    /// SHA-256(0x00 ‖ leaf).
    pub leaf_hash: Hash,
    /// The leaf, byte for byte.
    pub leaf: Arc<[u8]>,
    /// The whole proof (`c2sp.org/tlog-proof@v1`) where it was asked for; `None` also if making it failed, and then
    /// the receipt can be fetched later.
    pub proof: Option<String>,
}

/// Resolves when the entry is durable. Dropping it changes nothing: the entry is recorded all the same.
#[derive(Debug)]
#[must_use = "the entry is durable only when its ticket says so"]
pub struct Ticket(oneshot::Receiver<Durable>);

impl Ticket {
    /// Waits in a thread that is not part of an async runtime.
    ///
    /// # Errors
    /// As the future.
    pub fn wait(self) -> Result<Durable, NotRecordable> {
        self.0.blocking_recv().map_err(|_| NotRecordable)
    }
}

impl Future for Ticket {
    type Output = Result<Durable, NotRecordable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| NotRecordable)
    }
}

/// The other end. Dropped unused, it says that nothing was recorded.
pub(crate) struct Reply {
    to: oneshot::Sender<Durable>,
    /// Whether the whole proof was asked for.
    pub(crate) proof: bool,
}

impl Reply {
    pub(crate) fn new(proof: bool) -> (Self, Ticket) {
        let (to, from) = oneshot::channel();
        (Self { to, proof }, Ticket(from))
    }

    /// Wakes the submitter, if it still waits.
    pub(crate) fn send(self, durable: Durable) {
        drop(self.to.send(durable));
    }
}
