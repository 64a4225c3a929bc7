//! The books: takes all claims that wait as one batch, and settles what was before.

use std::{collections::HashMap, sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout, timeout_at},
};
use uuid::Uuid;

use super::{
    batch::{Books, Settled},
    fault::StateFault,
    handle::{Process, ToBooks},
    link::Server,
    tally::{Held, Step},
};
use crate::state::{
    Refused,
    elsewhere::{Granted, Outcome, SharedClaim},
};

/// Claims of the largest batch.
const MOST: usize = 256;
/// What was settled waits so long for claims with which it can go.
const SETTLES: Duration = Duration::from_millis(50);
/// How often it is looked for what nobody settled.
const SWEEPS: Duration = Duration::from_secs(5);
/// The same after a batch of which it is not known what became.
const SWEEPS_AFTER_FAULT: Duration = Duration::from_millis(500);
/// How often a claim is asked again that another one of its batch stood in the way of.
const TRIES: u8 = 3;

type Reply = oneshot::Sender<Result<Granted, Refused>>;

/// What waits.
#[derive(Default)]
struct Waiting {
    claims: Vec<(SharedClaim, Reply, u8)>,
    settled: Settled,
    flushes: Vec<oneshot::Sender<()>>,
    /// Granted and not settled.
    held: HashMap<Uuid, Held>,
}

impl Waiting {
    fn take(&mut self, message: ToBooks) {
        match message {
            ToBooks::Claim(claim, reply) => self.claims.push((*claim, reply, 0)),
            ToBooks::Settle(id, outcome) => self.settle(id, outcome),
            ToBooks::Flush(done) => self.flushes.push(done),
        }
    }

    fn settle(&mut self, id: Uuid, outcome: Outcome) {
        if let Some(held) = self.held.remove(&id) {
            self.settled.take(id, held, outcome);
        }
    }
}

/// Keeps the books as long as somebody may claim.
pub(super) async fn keep(
    server: Server,
    origin: String,
    mut inbox: mpsc::UnboundedReceiver<ToBooks>,
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
) {
    let (mut books, mut waiting, mut next_sweep) = (None, Waiting::default(), Instant::now());
    loop {
        let is_open = gather(&mut inbox, &mut waiting, next_sweep).await;
        // Who goes down leaves nothing behind.
        if Instant::now() >= next_sweep || !waiting.flushes.is_empty() {
            let swept = sweep(&server, &origin, &mut books, &mut waiting, &*process, &*clock).await;
            if swept.is_err() {
                books = None;
            }
            next_sweep = Instant::now() + SWEEPS;
        }
        if !waiting.claims.is_empty() || !waiting.settled.is_empty() {
            make(&server, &origin, &mut books, &mut waiting).await;
            if books.is_none() {
                next_sweep = next_sweep.min(Instant::now() + SWEEPS_AFTER_FAULT);
            }
        }
        for done in waiting.flushes.drain(..) {
            // Who does not wait any more needs no answer.
            done.send(()).unwrap_or_default();
        }
        if !is_open {
            return;
        }
    }
}

/// Waits for something to do; false where nobody is left who could ask.
async fn gather(inbox: &mut mpsc::UnboundedReceiver<ToBooks>, waiting: &mut Waiting, latest: Instant) -> bool {
    let latest = if waiting.settled.is_empty() { latest } else { latest.min(Instant::now() + SETTLES) };
    while waiting.claims.is_empty() && waiting.flushes.is_empty() {
        match timeout_at(latest, inbox.recv()).await {
            Ok(Some(message)) => waiting.take(message),
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
    while waiting.claims.len() < MOST
        && let Ok(message) = inbox.try_recv()
    {
        waiting.take(message);
    }
    true
}

/// Makes a batch of what waits, and answers it.
async fn make(server: &Server, origin: &str, books: &mut Option<Books>, waiting: &mut Waiting) {
    let claims = std::mem::take(&mut waiting.claims);
    let (mut steps, mut replies) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
    for (claim, reply, tries) in claims {
        // Who does not wait any more has nothing reserved.
        if !reply.is_closed() {
            steps.push(Step::new(claim));
            replies.push((reply, tries));
        }
    }
    let latest = Instant::now() + server.timeout();
    let made = timeout_at(latest, in_time(server, origin, books, &mut steps, &waiting.settled, latest)).await;
    if !matches!(made, Ok(Ok(()))) {
        // What of it is on the books is not known. The connection is given up; what is found there later is given back.
        *books = None;
        for (reply, _) in replies {
            reply.send(Err(Refused::Unavailable)).unwrap_or_default();
        }
        // Not at once again: a server that is away would be asked without end.
        sleep_until(Instant::now() + Duration::from_millis(20)).await;
        return;
    }
    waiting.settled = Settled::default();
    for (step, (reply, tries)) in steps.into_iter().zip(replies) {
        let id = step.claim.id;
        if step.is_granted() {
            waiting.held.insert(id, step.held);
        } else if step.is_to_be_asked_again && tries < TRIES {
            waiting.claims.push((step.claim, reply, tries + 1));
            continue;
        }
        let is_granted = step.outcome.is_ok();
        if reply.send(step.outcome).is_err() && is_granted {
            waiting.settle(id, Outcome::GivenBack);
        }
    }
}

async fn in_time(
    server: &Server,
    origin: &str,
    books: &mut Option<Books>,
    steps: &mut [Step],
    settled: &Settled,
    latest: Instant,
) -> Result<(), StateFault> {
    opened(server, origin, books).await?.make(steps, settled, latest).await
}

async fn opened<'b>(server: &Server, origin: &str, books: &'b mut Option<Books>) -> Result<&'b Books, StateFault> {
    if books.is_none() {
        *books = Some(Books::open(server, origin).await?);
    }
    books.as_ref().ok_or(StateFault::Late)
}

/// What is on the books and under way here no more was left by a crash, or by a batch of which it was not known what became:
/// it is used where the log says so, and is given back where not.
async fn sweep(
    server: &Server,
    origin: &str,
    books: &mut Option<Books>,
    waiting: &mut Waiting,
    process: &dyn Process,
    clock: &dyn Clock,
) -> Result<(), StateFault> {
    let look = async {
        let books = opened(server, origin, books).await?;
        books.sweep(clock.now().as_second()).await?;
        books.under_way().await
    };
    let found = timeout(server.timeout(), look).await.unwrap_or(Err(StateFault::Late))?;
    let settled = &mut waiting.settled;
    for (id, held) in found {
        if waiting.held.contains_key(&id) || settled.ids().any(|known| known == id) {
            continue;
        }
        if let Some(outcome) = process.became_of(id, &held.institution) {
            settled.take(id, held, outcome);
        }
    }
    Ok(())
}
