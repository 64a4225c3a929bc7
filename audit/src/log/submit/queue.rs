//! The queue between those who have something to record and the one writer. A short lock, never held across I/O.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ticket::{Reply, Ticket};
use crate::leaf::Entry;
use crate::log::error::{NotRecordable, Unsubmitted};

/// Entries that may wait; about 64 MiB of usual leaves.
const LIMIT: usize = 65_536;
/// How long the writer sleeps at most: it also looks at the clock and for room, each second.
const TICK: Duration = Duration::from_secs(1);

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
        Self { state: Mutex::new(state), more: Condvar::new() }
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

    /// Takes everything that waits into `batch`, which is empty. `batch_target`: a busy batch of more than one entry
    /// waits up to the duration until so many wait; a lone entry never does.
    pub(crate) fn take(&self, batch: &mut VecDeque<Waiting>, batch_target: Option<(usize, Duration)>) -> Taken {
        let mut state = self.lock();
        state.writing = false;
        if state.waiting.is_empty() && !state.closed {
            state = self.sleep(state, 1, TICK);
        }
        if state.waiting.is_empty() {
            return if state.closed { Taken::Closed } else { Taken::Idle };
        }
        if let Some((count, linger)) = batch_target
            && (2..count).contains(&state.waiting.len())
        {
            state = self.sleep(state, count, linger);
        }
        std::mem::swap(&mut state.waiting, batch);
        state.writing = true;
        Taken::Batch
    }

    /// Sleeps until `count` entries wait, the queue is closed, or the time has passed.
    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, QueueState>,
        count: usize,
        most: Duration,
    ) -> MutexGuard<'a, QueueState> {
        let until = Instant::now() + most;
        while state.waiting.len() < count && !state.closed {
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
