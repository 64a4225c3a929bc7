//! Look-ups that wait for a connection, and the questions that are asked for several of them: those of one plan and one purpose
//! that wait when a connection is free go together. Under load that is one statement for many; one that comes alone waits
//! for nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_policy::History;
use tokio::sync::oneshot;

use crate::stores::{StoreError, contract::Asked, figures::Waits};

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

pub(super) type Reply = oneshot::Sender<Result<History, StoreError>>;

/// Look-ups that go together.
pub(super) struct Together {
    pub(super) asked: Vec<Asked>,
    pub(super) replies: Vec<Reply>,
}

/// What becomes of a look-up that waits.
pub(super) struct Awaited {
    pub(super) found: oneshot::Receiver<Result<History, StoreError>>,
    /// Nobody waits for a connection yet: somebody has to.
    pub(super) is_first: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a look-up.
    pub(super) fn add(&self, asked: Asked, waits: Waits) -> Awaited {
        let (reply, found) = oneshot::channel();
        let mut state = self.lock();
        state.waiting.push_back(Waiting { asked, reply, _waits: waits });
        Awaited { found, is_first: !std::mem::replace(&mut state.is_awaited, true) }
    }

    /// Ends the wait of everybody.
    pub(super) fn refuse(&self, error: &StoreError) {
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
    pub(super) fn is_anybody_there(&self) -> bool {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        state.is_awaited = !state.waiting.is_empty();
        state.is_awaited
    }

    /// The first and those that go with it, in the order in which they came.
    pub(super) fn take(&self) -> Together {
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
