//! The books: takes all claims that wait as one batch, and settles what was before.

use std::{sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    batch::Books,
    fault::StateFault,
    handle::{Cluster, Own, Process, ToBooks},
    link::Server,
    pace::{MOST, gathers},
    rows::Row,
    settled::Settled,
    tally::Step,
    waiting::{Asked, Waiting},
};
use crate::state::{Refused, elsewhere::Outcome};

/// What was settled waits so long for claims with which it can go.
const SETTLES: Duration = Duration::from_millis(50);
/// How often it is looked for what nobody settled.
const SWEEPS: Duration = Duration::from_secs(5);
/// The same after a batch of which it is not known what became.
const SWEEPS_AFTER_FAULT: Duration = Duration::from_millis(500);
/// How often a claim is asked again that another one of its batch stood in the way of.
const TRIES: u8 = 3;

/// Who claims, and what the state knew of it.
pub(super) type Whose = (Arc<Cluster>, Own);

/// Keeps the books as long as somebody may claim.
pub(super) async fn keep(
    server: Server,
    whose: Whose,
    mut inbox: mpsc::UnboundedReceiver<ToBooks>,
    process: Arc<dyn Process>,
    clock: Arc<dyn Clock>,
) {
    let (mut books, mut waiting, mut next_sweep) = (None, Waiting::default(), Instant::now());
    loop {
        let is_open = gather(&mut inbox, &mut waiting, next_sweep).await;
        // Who goes down leaves nothing behind.
        if Instant::now() >= next_sweep || !waiting.flushes.is_empty() {
            let swept = sweep(&server, &whose, &mut books, &mut waiting, &*process, &*clock).await;
            if swept.is_err() {
                books = None;
            }
            next_sweep = Instant::now() + SWEEPS;
        }
        if !waiting.claims.is_empty() || !waiting.settled.is_empty() {
            make(&server, &whose, &mut books, &mut waiting).await;
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

/// Waits for something to do, and where many queries are under way a little for others; false where nobody is left who could ask.
async fn gather(inbox: &mut mpsc::UnboundedReceiver<ToBooks>, waiting: &mut Waiting, latest: Instant) -> bool {
    let latest = if waiting.settled.is_empty() { latest } else { latest.min(Instant::now() + SETTLES) };
    loop {
        while waiting.claims.len() < MOST
            && let Ok(message) = inbox.try_recv()
        {
            waiting.take(message);
        }
        let gathers = gathers(waiting.claims.len(), waiting.under_way());
        if !waiting.flushes.is_empty() || (!waiting.claims.is_empty() && gathers.is_zero()) {
            return true;
        }
        let goes = waiting.claims.first().map_or(latest, |first| latest.min(first.since + gathers));
        match timeout_at(goes, inbox.recv()).await {
            Ok(Some(message)) => waiting.take(message),
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

/// Makes a batch of what waits, and answers it.
async fn make(server: &Server, whose: &Whose, books: &mut Option<Books>, waiting: &mut Waiting) {
    let claims = std::mem::take(&mut waiting.claims);
    let (mut steps, mut replies) = (Vec::with_capacity(claims.len()), Vec::with_capacity(claims.len()));
    for Asked { claim, reply, tries, .. } in claims {
        // Who does not wait any more has nothing reserved.
        if !reply.is_closed() {
            steps.push(Step::new(claim));
            replies.push((reply, tries));
        }
    }
    let latest = Instant::now() + server.timeout();
    let made = timeout_at(latest, in_time(server, whose, books, &mut steps, &waiting.settled, latest)).await;
    let Ok(Ok(rows)) = made else {
        // What of it is on the books is not known. The connection is given up; what is found there later is given back.
        *books = None;
        for (reply, _) in replies {
            reply.send(Err(Refused::Unavailable)).unwrap_or_default();
        }
        // Not at once again: a server that is away would be asked without end.
        sleep_until(Instant::now() + Duration::from_millis(20)).await;
        return;
    };
    waiting.settled = Settled::default();
    let row_of = waiting.put(rows);
    for (step, (reply, tries)) in steps.into_iter().zip(replies) {
        let id = step.claim.id;
        if let Some(row) = row_of.get(&id) {
            waiting.hold(id, *row, step.held);
        } else if step.is_to_be_asked_again && tries < TRIES {
            let asked = Asked { claim: step.claim, reply, tries: tries + 1, since: Instant::now() };
            waiting.claims.push(asked);
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
    whose: &Whose,
    books: &mut Option<Books>,
    steps: &mut [Step],
    settled: &Settled,
    latest: Instant,
) -> Result<Vec<Row>, StateFault> {
    opened(server, whose, books).await?.make(steps, settled, latest).await
}

async fn opened<'b>(server: &Server, whose: &Whose, books: &'b mut Option<Books>) -> Result<&'b Books, StateFault> {
    if books.is_none() {
        let (cluster, own) = whose;
        let opened = Books::open(server, &own.origin).await?;
        // Before anything is claimed there: it may have been put back since the last round.
        cluster.before().compare(opened.client(), &own.origin).await?;
        *books = Some(opened);
    }
    books.as_ref().ok_or(StateFault::Late)
}

/// What is on the books and under way here no more was left by a crash, or by a batch of which it was not known what became:
/// it is used where the log says so, and is given back where not.
async fn sweep(
    server: &Server,
    whose: &Whose,
    books: &mut Option<Books>,
    waiting: &mut Waiting,
    process: &dyn Process,
    clock: &dyn Clock,
) -> Result<(), StateFault> {
    let look = async {
        let books = opened(server, whose, books).await?;
        books.sweep(clock.now().as_second()).await?;
        books.under_way().await
    };
    let found = timeout(server.timeout(), look).await.unwrap_or(Err(StateFault::Late))?;
    for (row, all) in found {
        if waiting.knows(&row) {
            continue;
        }
        let became = all.into_iter().map(|(id, held)| {
            let outcome = process.became_of(id, &held.institution)?;
            Some((id, held, outcome))
        });
        // Of all of them, or the row stays until it can be told.
        if let Some(all) = became.collect() {
            waiting.settle_row(row, all);
        }
    }
    Ok(())
}
