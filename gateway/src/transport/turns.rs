//! Turns on one thread. tokio keeps one queue for a thread, first come, first served, so whoever has a thousand tasks in it
//! delays each step of everybody else by a thousand steps of its own. Here the tasks of each caller stand in a line of
//! their own, and the lines take turns.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{sync::Notify, task::JoinHandle};

/// What one line may take of the processor before it waits for the others.
const TURN: Duration = Duration::from_millis(1);

/// Whose tasks stand in one line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// Of callers who are not known yet, by where they call from.
    Address(IpAddr),
    /// Of an institution, whatever its connections.
    Institution(String),
    /// Of everybody whose certificate is in no register.
    Strangers,
}

impl Whose {
    /// A site has its 64 bits of an address of IPv6 and any address below them.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::from((u128::from(address) & (u128::MAX << 64)).to_be_bytes()),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// The lines of one runtime of one thread.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// What a line took counts for the round in which it took it.
    round: AtomicU64,
    lines: Mutex<HashMap<Whose, Weak<Tasks>>>,
    /// Lines in which somebody waits.
    waiting: Mutex<Vec<Arc<Tasks>>>,
    asked: Notify,
}

/// One line.
#[derive(Clone)]
pub(crate) struct Line(Arc<Tasks>);

struct Tasks {
    whose: Whose,
    turns: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    round: u64,
    took: Duration,
    /// By ticket.
    waiting: BTreeMap<u64, Waker>,
    next_ticket: u64,
    /// Those before it have had their turn come.
    called: u64,
    /// It is among those in which somebody waits.
    is_listed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Turns {
    /// For the tasks of the runtime in which it is made.
    #[must_use]
    pub(crate) fn begin() -> Self {
        let shared = Arc::<Shared>::default();
        tokio::spawn(rounds(Arc::clone(&shared)));
        Self(shared)
    }

    /// Somebody's line; the same one as long as a task is in it.
    #[must_use]
    pub(crate) fn line(&self, whose: Whose) -> Line {
        let mut lines = lock(&self.0.lines);
        if let Some(tasks) = lines.get(&whose).and_then(Weak::upgrade) {
            return Line(tasks);
        }
        let (turns, state) = (Arc::clone(&self.0), Mutex::default());
        let tasks = Arc::new(Tasks { whose: whose.clone(), turns, state });
        lines.insert(whose, Arc::downgrade(&tasks));
        Line(tasks)
    }
}

/// Gives each line its turn, as long as anybody waits.
async fn rounds(shared: Arc<Shared>) {
    loop {
        shared.asked.notified().await;
        loop {
            let mut lines = std::mem::take(&mut *lock(&shared.waiting));
            if lines.is_empty() {
                break;
            }
            let round = shared.round.fetch_add(1, Ordering::Relaxed) + 1;
            lines.retain(|line| lock(&line.state).begin(round));
            lock(&shared.waiting).append(&mut lines);
            // What was called, and what else is ready, comes before the next round.
            tokio::task::yield_now().await;
        }
    }
}

impl State {
    fn enter(&mut self, round: u64) {
        if self.round != round {
            (self.round, self.took) = (round, Duration::ZERO);
        }
    }

    /// Begins its turn; false where nobody waits any more.
    fn begin(&mut self, round: u64) -> bool {
        self.enter(round);
        self.is_listed = self.call();
        self.is_listed
    }

    /// Calls the first who waits.
    fn call(&mut self) -> bool {
        let Some((ticket, waker)) = self.waiting.pop_first() else { return false };
        self.called = ticket + 1;
        waker.wake();
        true
    }
}

impl Line {
    /// A task of this line.
    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(InTurn { line: self.clone(), ticket: None, future: Box::pin(future) })
    }

    /// Whether a task may go on; else it waits, and is woken.
    fn is_due(&self, ticket: &mut Option<u64>, waker: &Waker) -> bool {
        let mut state = lock(&self.0.state);
        state.enter(self.0.turns.round.load(Ordering::Relaxed));
        let number = match *ticket {
            Some(number) if number >= state.called => number,
            Some(_) => {
                *ticket = None;
                return true;
            }
            None if state.waiting.is_empty() && state.took < TURN => return true,
            None => {
                state.next_ticket += 1;
                state.next_ticket - 1
            }
        };
        *ticket = Some(number);
        state.waiting.insert(number, waker.clone());
        if !std::mem::replace(&mut state.is_listed, true) {
            lock(&self.0.turns.waiting).push(Arc::clone(&self.0));
            self.0.turns.asked.notify_one();
        }
        false
    }

    /// A task went on for so long; the next one may, while it is still the line's turn.
    fn took(&self, time: Duration) {
        let mut state = lock(&self.0.state);
        state.enter(self.0.turns.round.load(Ordering::Relaxed));
        state.took += time;
        if state.took < TURN {
            state.call();
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let mut lines = lock(&self.turns.lines);
        if lines.get(&self.whose).is_some_and(|tasks| tasks.strong_count() == 0) {
            lines.remove(&self.whose);
        }
    }
}

/// A task that goes on when it is the turn of its line.
struct InTurn<F> {
    line: Line,
    /// While it waits.
    ticket: Option<u64>,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if !this.line.is_due(&mut this.ticket, context.waker()) {
            return Poll::Pending;
        }
        let began = std::time::Instant::now();
        let polled = this.future.as_mut().poll(context);
        this.line.took(began.elapsed());
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, time::Instant};

    use tokio::task::yield_now;

    use super::*;

    fn institution(turns: &Turns, id: &str) -> Line {
        turns.line(Whose::Institution(id.to_owned()))
    }

    /// Keeps the processor for one turn.
    fn work() {
        let began = Instant::now();
        while began.elapsed() < TURN {}
    }

    #[tokio::test]
    async fn many_of_one_delay_another_by_a_turn_a_step() {
        let turns = Turns::begin();
        let (busy, other) = (institution(&turns, "busy"), institution(&turns, "other"));
        let worked = Arc::new(AtomicUsize::new(0));
        let many: Vec<_> = (0..300)
            .map(|_| {
                let worked = Arc::clone(&worked);
                busy.spawn(async move {
                    for _ in 0..2 {
                        work();
                        worked.fetch_add(1, Ordering::SeqCst);
                        yield_now().await;
                    }
                })
            })
            .collect();
        let before = Arc::clone(&worked);
        let five_steps = other.spawn(async move {
            for _ in 0..5 {
                yield_now().await;
            }
            before.load(Ordering::SeqCst)
        });
        let before = five_steps.await.unwrap();
        assert!((1..=20).contains(&before), "{before} of the busy one's steps came before");
        for task in many {
            task.await.unwrap();
        }
        assert_eq!(worked.load(Ordering::SeqCst), 600, "they all came to their ends");
    }

    #[tokio::test]
    async fn who_gives_up_while_it_waits_holds_nobody_up_and_lines_are_forgotten() {
        let turns = Turns::begin();
        let line = institution(&turns, "busy");
        let tasks: Vec<_> = (0..40).map(|_| line.spawn(async { work() })).collect();
        yield_now().await;
        for task in tasks.iter().step_by(2) {
            task.abort();
        }
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.is_ok());
        }
        assert!((20..=22).contains(&done), "{done}");
        assert_eq!(lock(&turns.0.lines).len(), 1);
        drop(line);
        for _ in 0..50 {
            yield_now().await;
        }
        assert!(lock(&turns.0.lines).is_empty());
    }

    #[test]
    fn a_site_of_ipv6_has_one_line_and_an_address_of_ipv4_its_own() {
        let at = |address: &str| Whose::at(address.parse().unwrap());
        assert_eq!(at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::2"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.2"), at("192.0.2.1"));
    }
}
