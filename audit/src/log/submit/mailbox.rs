//! What a thread that serves is told of its leaves. A waker costs a call of the system where another thread calls it, and the
//! writer would call one a leaf; so it puts what belongs to one thread into the mailbox of that thread, and wakes it once a batch.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::durable::Durable;

/// Of one thread.
pub(crate) struct Mailbox {
    /// None once nobody empties it any more.
    arrived: Mutex<Option<Vec<Letter>>>,
    more: Notify,
}

type Letter = (oneshot::Sender<Durable>, Durable);

fn hand_over((to, durable): Letter) {
    // Whoever does not wait any more misses nothing.
    drop(to.send(durable));
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<Arc<Mailbox>>> = const { RefCell::new(None) };
}

pub(crate) fn of_this_thread() -> Option<Arc<Mailbox>> {
    OF_THIS_THREAD.with_borrow(Option::clone)
}

/// Gives the tasks of this thread what comes for them. Never ends; where it is dropped, wakers serve again.
pub(crate) async fn deliver() -> Infallible {
    let mailbox = Arc::new(Mailbox { arrived: Mutex::new(Some(Vec::new())), more: Notify::new() });
    let _removed = Installed::new(Arc::clone(&mailbox));
    loop {
        mailbox.more.notified().await;
        let arrived = mailbox.lock().as_mut().map(std::mem::take);
        arrived.into_iter().flatten().for_each(hand_over);
    }
}

/// The mailbox of a thread as long as somebody empties it.
struct Installed(Arc<Mailbox>);

impl Installed {
    fn new(mailbox: Arc<Mailbox>) -> Self {
        OF_THIS_THREAD.set(Some(Arc::clone(&mailbox)));
        Self(mailbox)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        OF_THIS_THREAD.set(None);
        let arrived = self.0.lock().take();
        arrived.into_iter().flatten().for_each(hand_over);
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Option<Vec<Letter>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is put into mailboxes together; each is woken once, at the end.
#[derive(Default)]
pub(crate) struct Round(Vec<Arc<Mailbox>>);

impl Round {
    pub(crate) fn put(&mut self, mailbox: Arc<Mailbox>, to: oneshot::Sender<Durable>, durable: Durable) {
        match &mut *mailbox.lock() {
            Some(arrived) => arrived.push((to, durable)),
            None => return hand_over((to, durable)),
        }
        if !self.0.iter().any(|known| Arc::ptr_eq(known, &mailbox)) {
            self.0.push(mailbox);
        }
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.0.iter().for_each(|mailbox| mailbox.more.notify_one());
    }
}
