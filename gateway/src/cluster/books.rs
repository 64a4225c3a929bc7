//! The books: takes all claims that wait as one batch, and settles what was before.
//!
//! Where few queries are under way, a claim that comes while a batch is made need not wait for it: it has a second connection. Where
//! many are, it waits a little for others, since a batch costs the servers and this gateway about as much whether it is small or large.

use std::{pin::pin, sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    batch::Books,
    fault::StateFault,
    handle::{Process, ToBooks},
    link::Server,
    rows::Row,
    settled::Settled,
    tally::Step,
    waiting::{Asked, Reply, Waiting},
};
use crate::state::{Refused, elsewhere::Outcome};

/// Claims of the largest batch.
const MOST: usize = 256;
/// Connections, so many batches at once.
const LINES: usize = 2;
/// So many queries under way are few.
const FEW: usize = 16;
/// A claim waits so long for others, where many are under way.
const GATHERS: Duration = Duration::from_millis(2);
/// What was settled waits so long for claims with which it can go.
const SETTLES: Duration = Duration::from_millis(50);
/// How often it is looked for what nobody settled.
const SWEEPS: Duration = Duration::from_secs(5);
/// The same after a batch of which it is not known what became.
const SWEEPS_AFTER_FAULT: Duration = Duration::from_millis(500);
/// After such a batch the server is not asked again at once: one that is away would be asked without end.
const RESTS: Duration = Duration::from_millis(20);
/// How often a claim is asked again that another one of its batch stood in the way of.
const TRIES: u8 = 3;

/// One batch on its way.
struct Batch {
    books: Option<Books>,
    steps: Vec<Step>,
    replies: Vec<(Reply, u8)>,
    settled: Settled,
}

/// What is done beside the others.
enum Work {
    Batch(Box<Batch>),
    /// Another connection.
    Open,
}

/// What came of it.
enum Done {
    Batch(Box<Batch>, Result<Vec<Row>, StateFault>),
    Opened(Result<Books, StateFault>),
}

struct Keeper<'s> {
    server: &'s Server,
    origin: &'s str,
    waiting: Waiting,
    idle: Vec<Books>,
    /// Batches under way, and how many of them change what a later claim finds.
    batches: usize,
    mattering: usize,
    /// Another connection is made, and when one can be.
    is_opening: bool,
    opens: Instant,
    next_sweep: Instant,
    not_before: Instant,
}

/// Keeps the books as long as somebody may claim.
pub(super) async fn keep(
    server: Server,
    origin: String,
    mut inbox: mpsc::UnboundedReceiver<ToBooks>,
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
) {
    let mut keeper = Keeper::new(&server, &origin);
    let mut under_way = FuturesUnordered::new();
    let mut is_open = true;
    loop {
        let now = Instant::now();
        if keeper.batches == 0 && (keeper.is_by_itself(now) || !is_open) {
            keeper.by_itself(now, &*process, &*clock).await;
            if !is_open {
                return;
            }
            continue;
        }
        if let Some(work) = keeper.next(now) {
            under_way.push(done(&server, &origin, work));
            continue;
        }
        let wakes = pin!(sleep_until(keeper.wakes(now)));
        tokio::select! {
            biased;
            Some(done) = under_way.next() => keeper.finish(done),
            message = inbox.recv(), if is_open && keeper.waiting.claims.len() < MOST => match message {
                Some(message) => keeper.take(message, &mut inbox),
                None => is_open = false,
            },
            () = wakes => {}
        }
    }
}

async fn done(server: &Server, origin: &str, work: Work) -> Done {
    match work {
        Work::Batch(mut batch) => {
            let latest = Instant::now() + server.timeout();
            let made = timeout_at(latest, made(server, origin, &mut batch, latest)).await;
            Done::Batch(batch, made.unwrap_or(Err(StateFault::Late)))
        }
        Work::Open => Done::Opened(Books::open(server, origin).await),
    }
}

async fn made(server: &Server, origin: &str, batch: &mut Batch, latest: Instant) -> Result<Vec<Row>, StateFault> {
    let books = match batch.books.take() {
        Some(books) => books,
        None => Books::open(server, origin).await?,
    };
    let rows = books.make(&mut batch.steps, &batch.settled, latest).await?;
    batch.books = Some(books);
    Ok(rows)
}

impl<'s> Keeper<'s> {
    fn new(server: &'s Server, origin: &'s str) -> Self {
        let now = Instant::now();
        Self {
            server,
            origin,
            waiting: Waiting::default(),
            idle: Vec::new(),
            batches: 0,
            mattering: 0,
            is_opening: false,
            opens: now,
            next_sweep: now,
            not_before: now,
        }
    }

    /// All that there is, up to the largest batch.
    fn take(&mut self, first: ToBooks, inbox: &mut mpsc::UnboundedReceiver<ToBooks>) {
        self.waiting.take(first);
        while self.waiting.claims.len() < MOST
            && let Ok(message) = inbox.try_recv()
        {
            self.waiting.take(message);
        }
    }

    /// Whether something is due with which no batch is under way.
    fn is_by_itself(&self, now: Instant) -> bool {
        now >= self.next_sweep || !self.waiting.flushes.is_empty()
    }

    async fn by_itself(&mut self, now: Instant, process: &dyn Process, clock: &dyn Clock) {
        // Who goes down leaves nothing behind.
        if self.is_by_itself(now) {
            let mut books = self.idle.pop();
            if self.sweep(&mut books, process, clock).await.is_err() {
                books = None;
            }
            self.idle.extend(books);
            self.next_sweep = Instant::now() + SWEEPS;
        }
        if !self.waiting.claims.is_empty() || !self.waiting.settled.is_empty() {
            let work = self.begin();
            let done = done(self.server, self.origin, work).await;
            self.finish(done);
        }
        for done in self.waiting.flushes.drain(..) {
            // Who does not wait any more needs no answer.
            done.send(()).unwrap_or_default();
        }
    }

    /// What can begin now.
    fn next(&mut self, now: Instant) -> Option<Work> {
        let lines = self.batches + self.idle.len() + usize::from(self.is_opening);
        if self.batches > 0 && lines < LINES && now >= self.opens {
            self.is_opening = true;
            return Some(Work::Open);
        }
        let is_due = !self.is_by_itself(now) && now >= self.begins()?;
        is_due.then(|| self.begin())
    }

    /// When the next batch can begin, as far as that is known.
    fn begins(&self) -> Option<Instant> {
        let asked = self.waiting.claims.first().map(|first| first.since);
        let at = match (asked, self.waiting.settled_since) {
            (Some(since), _) => since + if self.gathers() { GATHERS } else { Duration::ZERO },
            (None, Some(since)) => since + SETTLES,
            (None, None) => return None,
        };
        let is_few = self.waiting.under_way() + self.waiting.claims.len() < FEW;
        // What is given back, and what was used, is there for whoever asks later.
        let has_room = self.batches == 0 || (self.mattering == 0 && !self.idle.is_empty() && is_few);
        has_room.then_some(at.max(self.not_before))
    }

    /// Whether a claim waits for others.
    fn gathers(&self) -> bool {
        let (asked, under_way) = (self.waiting.claims.len(), self.waiting.under_way());
        asked + under_way >= FEW && asked < MOST && asked < under_way / 2
    }

    /// When to look again, if nothing happens before. A batch under way ends before its time is over.
    fn wakes(&self, now: Instant) -> Instant {
        if self.is_by_itself(now) {
            return now + SWEEPS;
        }
        self.begins().map_or(self.next_sweep, |at| at.min(self.next_sweep))
    }

    fn begin(&mut self) -> Work {
        let claims = std::mem::take(&mut self.waiting.claims);
        let (mut steps, mut replies) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
        for Asked { claim, reply, tries, .. } in claims {
            // Who does not wait any more has nothing reserved.
            if !reply.is_closed() {
                steps.push(Step::new(claim));
                replies.push((reply, tries));
            }
        }
        let settled = self.waiting.take_settled();
        self.batches += 1;
        self.mattering += usize::from(settled.matters());
        Work::Batch(Box::new(Batch { books: self.idle.pop(), steps, replies, settled }))
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Batch(batch, made) => {
                self.batches -= 1;
                self.mattering -= usize::from(batch.settled.matters());
                match made {
                    Ok(rows) => self.finish_made(*batch, rows),
                    Err(_) => self.finish_in_doubt(*batch),
                }
            }
            Done::Opened(opened) => {
                self.is_opening = false;
                match opened {
                    Ok(books) => self.idle.push(books),
                    Err(_) => self.opens = Instant::now() + SWEEPS,
                }
            }
        }
    }

    /// What of it is on the books is not known. The connection is given up; what is found there later is given back.
    fn finish_in_doubt(&mut self, batch: Batch) {
        let now = Instant::now();
        self.idle.clear();
        self.waiting.settle_again(batch.settled);
        for (reply, _) in batch.replies {
            reply.send(Err(Refused::Unavailable)).unwrap_or_default();
        }
        self.next_sweep = self.next_sweep.min(now + SWEEPS_AFTER_FAULT);
        (self.not_before, self.opens) = (now + RESTS, now + SWEEPS_AFTER_FAULT);
    }

    fn finish_made(&mut self, batch: Batch, rows: Vec<Row>) {
        self.idle.extend(batch.books);
        let row_of = self.waiting.put(rows);
        for (step, (reply, tries)) in batch.steps.into_iter().zip(batch.replies) {
            let id = step.claim.id;
            if let Some(row) = row_of.get(&id) {
                self.waiting.hold(id, *row, step.held);
            } else if step.is_to_be_asked_again && tries < TRIES {
                let asked = Asked { claim: step.claim, reply, tries: tries + 1, since: Instant::now() };
                self.waiting.claims.push(asked);
                continue;
            }
            let is_granted = step.outcome.is_ok();
            if reply.send(step.outcome).is_err() && is_granted {
                self.waiting.settle(id, Outcome::GivenBack);
            }
        }
    }

    /// What is on the books and under way here no more was left by a crash, or by a batch of which it was not known what became:
    /// it is used where the log says so, and is given back where not.
    async fn sweep(
        &mut self,
        books: &mut Option<Books>,
        process: &dyn Process,
        clock: &dyn Clock,
    ) -> Result<(), StateFault> {
        let look = async {
            let books = match books {
                Some(books) => books,
                None => books.insert(Books::open(self.server, self.origin).await?),
            };
            books.sweep(clock.now().as_second()).await?;
            books.under_way().await
        };
        let found = timeout(self.server.timeout(), look).await.unwrap_or(Err(StateFault::Late))?;
        for (row, all) in found {
            if self.waiting.knows(&row) {
                continue;
            }
            let became = all.into_iter().map(|(id, held)| {
                let outcome = process.became_of(id, &held.institution)?;
                Some((id, held, outcome))
            });
            // Of all of them, or the row stays until it can be told.
            if let Some(all) = became.collect() {
                self.waiting.settle_row(row, all);
            }
        }
        Ok(())
    }
}
