//! What a submitter waits on until its leaf is durable.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::durable::Durable;
use super::mailbox::{self, Mailbox, Round};
use crate::log::error::NotRecordable;

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
    /// Of the submitter's thread.
    mailbox: Option<Arc<Mailbox>>,
}

impl Reply {
    pub(crate) fn new(proof: bool) -> (Self, Ticket) {
        let (to, from) = oneshot::channel();
        (Self { to, proof, mailbox: mailbox::of_this_thread() }, Ticket(from))
    }

    /// Wakes the submitter, if it still waits.
    pub(crate) fn send(self, durable: Durable) {
        drop(self.to.send(durable));
    }

    /// The same, by the mailbox of its thread where there is one; that is woken by `round`.
    pub(crate) fn send_in(self, durable: Durable, round: &mut Round) {
        match self.mailbox {
            Some(mailbox) => round.put(mailbox, self.to, durable),
            None => drop(self.to.send(durable)),
        }
    }
}
