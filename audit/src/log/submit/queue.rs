//! The queue between those who have something to record and the one writer. A short lock, never held across I/O.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ticket::{Reply, Ticket};
use crate::leaf::Entry;
use crate::log::error::{NotRecordable, Unsubmitted};

/// Entries that may wait; about 64 MiB of usual leaves.
const LIMIT: usize = 65_536;
/// How long the writer sleeps at most: it also looks at the clock and for room, each second.
const TICK: Duration = Duration::from_secs(1);
/// A batch of so many is not waited for to grow: what each leaf pays for its sync is little by then.
const ENOUGH: usize = 256;

/// An entry that waits for the writer.
pub(crate) struct Waiting {
    pub(crate) entry: Entry,
    pub(crate) reply: Reply,
}

/// What the writer got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Everything that waited.
    Batch,
    /// Nothing came for a second.
    Idle,
    /// Nothing waits and nothing will come.
    Closed,
}

/// See the module.
pub(crate) struct Queue {
    state: Mutex<QueueState>,
    more: Condvar,
    /// Threads that serve callers, and those of them that have nothing to do.
    servers: AtomicUsize,
    idle: AtomicUsize,
    /// The writer waits for more, until one of them is idle.
    lingers: AtomicBool,
}

struct QueueState {
    waiting: VecDeque<Waiting>,
    /// The writer sleeps until so many wait. [`usize::MAX`] while it is awake: then nobody wakes it.
    wake_at: usize,
    closed: bool,
    /// The writer has taken a batch and not come back yet.
    writing: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let state = QueueState { waiting: VecDeque::new(), wake_at: usize::MAX, closed: false, writing: false };
        let (servers, idle) = Default::default();
        Self { state: Mutex::new(state), more: Condvar::new(), servers, idle, lingers: AtomicBool::default() }
    }

    /// A thread that submits says from now on when it has nothing to do ([`Queue::idle`]) and when again ([`Queue::busy`]).
    pub(crate) fn serves(&self) {
        self.servers.fetch_add(1, Ordering::SeqCst);
    }

    /// A thread that serves has nothing to do: nothing is gained by waiting for what it may submit.
    pub(crate) fn idle(&self) {
        self.idle.fetch_add(1, Ordering::SeqCst);
        if self.lingers.load(Ordering::SeqCst) {
            drop(self.lock());
            self.more.notify_one();
        }
    }

    /// It goes on.
    pub(crate) fn busy(&self) {
        self.idle.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether every thread that serves has something to do, so that processor time is what is short.
    fn all_are_busy(&self) -> bool {
        self.servers.load(Ordering::SeqCst) > 0 && self.idle.load(Ordering::SeqCst) == 0
    }

    /// Adds an entry if `check` returns true. It is called under the lock: whatever was submitted before is before it in the
    /// log, and its effects outside, if they were made in its own `check`, are seen.
    pub(crate) fn submit(
        &self,
        entry: Entry,
        proof: bool,
        check: impl FnOnce() -> bool,
    ) -> Result<Ticket, Unsubmitted> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= LIMIT {
            return Err(NotRecordable.into());
        }
        if !check() {
            return Err(Unsubmitted::Overtaken(entry));
        }
        let (reply, ticket) = Reply::new(proof);
        state.waiting.push_back(Waiting { entry, reply });
        let wake = state.waiting.len() >= state.wake_at;
        if wake {
            state.wake_at = usize::MAX;
        }
        drop(state);
        if wake {
            self.more.notify_one();
        }
        Ok(ticket)
    }

    /// Takes everything that waits into `batch`, which is empty. While all threads that serve are busy it waits for more, at
    /// most for `linger`: they go on meanwhile, and one sync serves many. Otherwise who waits is waited for.
    pub(crate) fn take(&self, batch: &mut VecDeque<Waiting>, linger: Duration) -> Taken {
        let mut state = self.lock();
        state.writing = false;
        if state.waiting.is_empty() && !state.closed {
            state = self.sleep(state, 1, TICK, || true);
        }
        if state.waiting.is_empty() {
            return if state.closed { Taken::Closed } else { Taken::Idle };
        }
        // Before it is looked whether one is idle: whoever is so after that look sees this.
        self.lingers.store(true, Ordering::SeqCst);
        state = self.sleep(state, ENOUGH, linger, || self.all_are_busy());
        self.lingers.store(false, Ordering::SeqCst);
        std::mem::swap(&mut state.waiting, batch);
        state.writing = true;
        Taken::Batch
    }

    /// Sleeps until `count` entries wait, the queue is closed, the time has passed, or `goes_on` says no.
    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, QueueState>,
        count: usize,
        most: Duration,
        goes_on: impl Fn() -> bool,
    ) -> MutexGuard<'a, QueueState> {
        let until = Instant::now() + most;
        while state.waiting.len() < count && !state.closed && goes_on() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.wake_at = count;
            state = self.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.wake_at = usize::MAX;
        state
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Whether everything that was submitted is durable, or was not recorded.
    pub(crate) fn is_settled(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && !state.writing
    }

    /// Takes nothing any more; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.more.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // A `check` that panicked changed nothing here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
