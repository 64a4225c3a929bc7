//! Look-ups that wait for a connection, and the questions that are asked for several of them: those of one plan and one purpose
//! that wait when a connection is free go together. Under load that is one statement for many; one that comes alone waits
//! for nobody.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_policy::History;
use deadpool::managed::PoolError;
use tokio::{sync::oneshot, time::timeout};

use super::{Database, fault::PostgresFault, sessions::Lent};
use crate::stores::{StoreError, StoreFault, contract::Asked, figures::Waits};

/// Persons of one question at most.
const TOGETHER: usize = 32;

/// What waits.
#[derive(Default)]
pub(super) struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// Somebody asks for all that waits, as soon as there is a connection.
    is_awaited: bool,
}

struct Waiting {
    asked: Asked,
    reply: Reply,
    _waits: Waits,
}

type Reply = oneshot::Sender<Result<History, StoreError>>;

/// Look-ups that go together.
struct Together {
    asked: Vec<Asked>,
    replies: Vec<Reply>,
}

/// Whoever waits for a connection for all. If it ends before it says that it is over, nobody waits for it any longer.
struct Awaiting {
    database: Arc<Database>,
    is_over: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the wait of everybody.
    fn refuse(&self, error: &StoreError) {
        let waiting = {
            let mut state = self.lock();
            state.is_awaited = false;
            std::mem::take(&mut state.waiting)
        };
        for Waiting { reply, .. } in waiting {
            // Whoever is gone needs no answer.
            drop(reply.send(Err(error.clone())));
        }
    }

    /// Whether there is still somebody to ask for. Otherwise nobody is awaited any longer.
    fn is_anybody_there(&self) -> bool {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        state.is_awaited = !state.waiting.is_empty();
        state.is_awaited
    }

    /// The first and those that go with it, in the order in which they came.
    fn take(&self) -> Together {
        let mut state = self.lock();
        let mut together = Together { asked: Vec::new(), replies: Vec::new() };
        let mut others = VecDeque::new();
        while let Some(waiting) = state.waiting.pop_front() {
            if waiting.reply.is_closed() {
                continue;
            }
            if together.takes(&waiting.asked) {
                together.asked.push(waiting.asked);
                together.replies.push(waiting.reply);
            } else {
                others.push_back(waiting);
            }
        }
        state.waiting = others;
        together
    }
}

impl Together {
    fn takes(&self, asked: &Asked) -> bool {
        let is_alike = |first: &Asked| {
            (Arc::ptr_eq(&first.plan, &asked.plan) || first.plan == asked.plan) && first.scenario == asked.scenario
        };
        self.asked.len() < TOGETHER && self.asked.first().is_none_or(is_alike)
    }
}

impl Drop for Awaiting {
    fn drop(&mut self) {
        if !self.is_over {
            self.database.queue.refuse(&StoreError::Failed(StoreFault::ReaderEnded));
        }
    }
}

impl Database {
    /// Looks up together with others that wait.
    pub(super) async fn look_up(self: &Arc<Self>, asked: Asked) -> Result<History, StoreError> {
        let (reply, found) = oneshot::channel();
        let waiting = Waiting { asked, reply, _waits: Waits::begin(&self.figures) };
        let is_first = {
            let mut state = self.queue.lock();
            state.waiting.push_back(waiting);
            !std::mem::replace(&mut state.is_awaited, true)
        };
        if is_first {
            self.await_connection();
        }
        match timeout(self.timeout, found).await {
            Ok(found) => found.unwrap_or(Err(StoreError::Failed(StoreFault::ReaderEnded))),
            Err(_) => Err(StoreError::Timeout),
        }
    }

    /// A task of its own: it asks for others too, whoever is gone meanwhile.
    fn await_connection(self: &Arc<Self>) {
        tokio::spawn(Awaiting { database: Arc::clone(self), is_over: false }.ask());
    }
}

impl Awaiting {
    /// Asks once there is a connection, and sees to it that whoever is left is asked for too.
    fn ask(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // Whole: of a part of it, the block would have a copy.
            let mut awaiting = self;
            let database = Arc::clone(&awaiting.database);
            // Whoever is about to ask as well comes along.
            tokio::task::yield_now().await;
            let lent = database.lent().await;
            // From here on others may be waited for by somebody else.
            awaiting.is_over = true;
            let lent = match lent {
                Ok(Some(lent)) => lent,
                Ok(None) => return,
                Err(error) => return database.queue.refuse(&error),
            };
            let together = database.queue.take();
            if database.queue.is_anybody_there() {
                database.await_connection();
            }
            if together.asked.is_empty() {
                return lent.give_back();
            }
            database.answer(lent, together).await;
        })
    }
}

impl Database {
    /// A connection, however long that takes, as long as anybody waits for it.
    async fn lent(&self) -> Result<Option<Lent>, StoreError> {
        loop {
            match self.pool.get().await {
                Ok(session) => return Ok(Some(Lent::new(session, self.tls.clone()))),
                Err(PoolError::Timeout(_)) if self.queue.is_anybody_there() => {}
                Err(PoolError::Timeout(_)) => return Ok(None),
                Err(PoolError::Backend(fault)) => return Err(fault.into()),
                Err(_) => return Err(PostgresFault::Closed.into()),
            }
        }
    }

    /// Asks one question for all of them. Given up at the server when all of them are gone.
    async fn answer(&self, lent: Lent, Together { asked, mut replies }: Together) {
        let found = {
            let all_are_gone = async {
                for reply in &mut replies {
                    reply.closed().await;
                }
            };
            tokio::select! {
                biased;
                found = self.in_time(self.over(lent, async |session| self.histories_by(session, &asked).await)) => found,
                () = all_are_gone => return,
            }
        };
        let found = match found {
            Err(error) if error.is_of_data() && asked.len() > 1 => self.each_alone(&asked).await,
            Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
            Ok(found) => found,
        };
        for (reply, found) in replies.into_iter().zip(found) {
            // Whoever is gone needs no answer.
            drop(reply.send(found));
        }
    }

    /// Asks about each alone: what was read fails all of them, and nobody can say because of whom.
    pub(super) async fn each_alone(&self, asked: &[Asked]) -> Vec<Result<History, StoreError>> {
        let mut each: Vec<_> = asked.iter().map(|_| Err(StoreError::Timeout)).collect();
        let all = async {
            for (found, one) in each.iter_mut().zip(asked) {
                let alone = self.histories(std::slice::from_ref(one)).await;
                *found = alone.and_then(|mut alone| alone.pop().unwrap_or(Err(PostgresFault::Protocol.into())));
            }
            Ok(())
        };
        // Whoever is not told by then is late.
        drop(self.in_time(all).await);
        each
    }
}
