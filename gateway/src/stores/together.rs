//! Look-ups of several lines of a batch that are made as one: each waits until every line of its group has come so far or
//! is over, and then the stores are asked once for all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credit_policy::History;
use tokio::sync::{Notify, oneshot};

use super::{
    all::Stores,
    contract::Asked,
    fault::{StoreError, StoreFault},
};

/// The place of one line in its group. Who gives it up without a look-up is not waited for any longer.
pub struct Seat(Arc<Group>);

struct Group {
    state: Mutex<State>,
    /// Nobody else comes.
    complete: Notify,
}

struct State {
    /// Lines that may still come.
    expected: usize,
    waiting: Vec<Waiting>,
}

struct Waiting {
    stores: Arc<Stores>,
    asked: Asked,
    reply: oneshot::Sender<Result<History, StoreError>>,
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The places of a group of so many.
    pub(crate) fn of(count: usize) -> impl Iterator<Item = Self> {
        let state = Mutex::new(State { expected: count, waiting: Vec::with_capacity(count) });
        let group = Arc::new(Group { state, complete: Notify::new() });
        (0..count).map(move |_| Self(Arc::clone(&group)))
    }

    /// Looks up together with the others. The first who waits asks for all.
    ///
    /// # Errors
    /// As [`Stores::look_up`], for this line alone.
    pub(crate) async fn look_up(self, stores: &Arc<Stores>, asked: Asked) -> Result<History, StoreError> {
        let group = Arc::clone(&self.0);
        let (reply, found) = oneshot::channel();
        let asks_for_all = {
            let mut state = group.lock();
            state.waiting.push(Waiting { stores: Arc::clone(stores), asked, reply });
            state.waiting.len() == 1
        };
        drop(self);
        if asks_for_all {
            group.complete.notified().await;
            let all = std::mem::take(&mut group.lock().waiting);
            ask(all).await;
        }
        // Without a reply, who asked for all has panicked.
        found.await.unwrap_or(Err(StoreError::Failed(StoreFault::ReaderEnded)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.expected = state.expected.saturating_sub(1);
        if state.expected == 0 {
            self.0.complete.notify_one();
        }
    }
}

/// Asks the stores once for each plan and purpose. A line that began under another catalogue has other stores.
async fn ask(mut waiting: Vec<Waiting>) {
    while let Some(first) = waiting.first() {
        let (plan, scenario) = (Arc::clone(&first.asked.plan), first.asked.scenario.clone());
        let stores = Arc::clone(&first.stores);
        let is_alike = |it: &mut Waiting| {
            Arc::ptr_eq(&it.stores, &stores) && it.asked.scenario == scenario && *it.asked.plan == *plan
        };
        let (asked, replies): (Vec<_>, Vec<_>) =
            waiting.extract_if(.., is_alike).map(|Waiting { asked, reply, .. }| (asked, reply)).unzip();
        for (found, reply) in stores.look_up_all(asked).await.into_iter().zip(replies) {
            // Whoever is gone needs no answer.
            drop(reply.send(found));
        }
    }
}
