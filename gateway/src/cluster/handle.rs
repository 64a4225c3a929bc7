//! What other threads see of the thread that counts and hears, and what that thread needs of them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use credit_audit::clock::Clock;
use credit_keys::Ahead;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{
    acts::Act,
    before::Before,
    fault::StateFault,
    handing::{HandedOut, KeysFault, Rings, Said},
    link::Server,
    rings::OwnKeys,
};
use crate::{
    callers::lease::Lender,
    settings::{SharedRates, SharedState},
    state::{
        Key, Refused,
        elsewhere::{Awaited, Elsewhere, Granted, Outcome, SharedClaim},
        open_cases::OpenCases,
        visits::{self, Answered, Step, Unreached, Visits},
    },
};

/// Who has not heard from the shared state for so long refuses.
const FRESH: Duration = Duration::from_millis(800);

/// What other threads have of the shared state.
pub(crate) struct Cluster {
    pub(super) clock: Arc<dyn Clock>,
    /// When the last round began in which all that others did was heard, in microseconds of the monotonic clock.
    heard: AtomicU64,
    /// Whether another gateway goes by rules that two officers approved, and this one by others: then it answers nothing.
    behind: AtomicBool,
    to_books: mpsc::UnboundedSender<ToBooks>,
    to_acts: mpsc::UnboundedSender<ToActs>,
    to_keys: mpsc::UnboundedSender<ToKeys>,
    to_visits: mpsc::Sender<ToVisits>,
    /// What is wrong with the keys of all.
    pub(super) keys: Said,
    others: ArcSwapOption<Vec<Replica>>,
    /// What the state knew, as far as that is proved.
    before: ArcSwap<Before>,
}

/// Another gateway that counts together with this one, or did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Replica {
    /// The name of its log.
    pub(crate) log: String,
    /// Whether it is here now.
    pub(crate) is_here: bool,
}

/// To the thread that counts.
pub(super) enum ToBooks {
    Claim(Box<SharedClaim>, oneshot::Sender<Result<Granted, Refused>>),
    Settle(Uuid, Outcome),
    /// All that was settled is on the books.
    Flush(oneshot::Sender<()>),
}

/// To the thread that tells acts. Who asks hears nothing where it cannot be done.
pub(super) enum ToActs {
    /// Is the shared state reached? Whoever hears that it is knows what the others did before.
    Reach(oneshot::Sender<()>),
    /// Is it this gateway that does once what this stands for?
    Once(Key, oneshot::Sender<bool>),
    /// The leaf of an act, by its number among all, with the name of its log.
    Leaf(i64, oneshot::Sender<(String, Vec<u8>)>),
    /// An act of this gateway, by the number of its leaf, for the others.
    Tell(u64, Arc<[u8]>, oneshot::Sender<()>),
}

/// A step of who visits, and who waits for what comes of it.
pub(super) type ToVisits = (Step, oneshot::Sender<visits::Said>);

/// Steps that wait at most.
const WAITING: usize = 1_024;

/// To the duty that shares keys.
pub(super) enum ToKeys {
    /// Looks at the keys of all now.
    Share(oneshot::Sender<()>),
    /// Says whether the ring's own key may be rotated.
    MayTurnRing(oneshot::Sender<Result<(), KeysFault>>),
    /// Hands out the keys of a turn.
    HandOut(Ahead, oneshot::Sender<Result<HandedOut, KeysFault>>),
}

/// The ends of [`Cluster`], for its thread.
pub(crate) struct Ends {
    pub(super) books: mpsc::UnboundedReceiver<ToBooks>,
    pub(super) acts: mpsc::UnboundedReceiver<ToActs>,
    pub(super) keys: mpsc::UnboundedReceiver<ToKeys>,
    pub(super) visits: mpsc::Receiver<ToVisits>,
    pub(super) server: Server,
    pub(super) rates: Option<(SharedRates, Arc<Lender>)>,
}

/// Acts of the own log, by index, and how far it was looked through for them.
pub(crate) type Looked = (Vec<(u64, Vec<u8>)>, u64);

/// What the thread needs of the process.
pub(crate) trait Process: Rings {
    /// The acts of all gateways follow, from the first one on; or those after some that left these cases undecided, and these
    /// consents withdrawn. Of the own log the leaves below `own_until` were there at the start.
    fn begin(&self, own_until: u64, cases: OpenCases, revoked: Vec<(Key, Timestamp)>);

    /// Takes in an act of any of the gateways, in the order in which they hold.
    fn take_in(&self, act: &Act);

    /// What this gateway's log says of a query; nothing where that cannot be told yet.
    fn became_of(&self, id: Uuid, institution: &str) -> Option<Outcome>;

    /// The acts of the own log from there on that every gateway must know, and how far it was looked.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn acts_from(&self, index: u64) -> std::io::Result<Looked>;

    /// The keys that those who count together have.
    fn keys(&self) -> OwnKeys;

    /// A round was made, or failed.
    fn heard(&self, heard: Result<(), String>);

    /// The server that lends rates was reached, or not.
    fn lends(&self, lends: Result<(), String>);
}

/// Who this gateway is.
#[derive(Clone)]
pub(crate) struct Own {
    /// The name of its log.
    pub(crate) origin: String,
    /// Its keys, where they are known: those who count together have one ring.
    pub(crate) keys: Option<OwnKeys>,
    /// Whether its log has answered queries already.
    pub(crate) has_answered: bool,
    /// So many leaves were in its log when this was looked at.
    pub(crate) leaves: u64,
    /// Whether a gateway of this data folder is running, which is looked at beside it.
    pub(crate) is_running: bool,
    /// The name of the log before, where it has to take over from one.
    pub(crate) continues: Option<String>,
    /// The data folder.
    pub(crate) folder: PathBuf,
}

impl Cluster {
    /// # Errors
    /// When one of the files of the settings cannot be used.
    pub(crate) fn new(
        settings: &SharedState,
        clock: Arc<dyn Clock>,
        lender: Option<&Arc<Lender>>,
    ) -> Result<(Arc<Self>, Ends), StateFault> {
        let (to_books, books) = mpsc::unbounded_channel();
        let (to_acts, acts) = mpsc::unbounded_channel();
        let (to_keys, keys) = mpsc::unbounded_channel();
        let (to_visits, visits) = mpsc::channel(WAITING);
        let server = Server::new(settings)?;
        let rates = settings.rates.clone().zip(lender.map(Arc::clone));
        let ends = Ends { books, acts, keys, visits, server, rates };
        let behind = AtomicBool::new(false);
        let (heard, keys) = (AtomicU64::new(0), Said::default());
        let (others, before) = (ArcSwapOption::empty(), ArcSwap::default());
        Ok((Arc::new(Self { clock, heard, behind, to_books, to_acts, to_keys, to_visits, keys, others, before }), ends))
    }

    /// Whether what others did is known here: asked before each answer, in the queue of the log too.
    pub(crate) fn is_fresh(&self) -> bool {
        let heard = self.heard.load(Ordering::Acquire);
        heard > 0 && self.now().saturating_sub(heard) < micros(FRESH)
    }

    /// Whether another gateway goes by other rules.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    pub(crate) fn set_behind(&self, is_behind: bool) {
        self.behind.store(is_behind, Ordering::Release);
    }

    /// Whether the others could be told of an act now, which is asked before it is recorded: an act that is on the record while they
    /// go on without it would be a broken promise of the logs together. What they did before is known here then.
    pub(crate) async fn reaches(&self) -> bool {
        let (reached, is_reached) = oneshot::channel();
        self.to_acts.send(ToActs::Reach(reached)).is_ok() && is_reached.await.is_ok()
    }

    /// Gives an act to the others; true once they have it or will have it before they answer anybody a second later.
    pub(crate) async fn tell(&self, index: u64, leaf: Arc<[u8]>) -> bool {
        let (told, is_told) = oneshot::channel();
        self.to_acts.send(ToActs::Tell(index, leaf, told)).is_ok() && is_told.await.is_ok()
    }

    /// Takes upon this gateway what one of them does once: false where another one has, nothing where that cannot be told. It stays
    /// taken, also where this gateway ends before it is done.
    pub(crate) async fn once(&self, key: Key) -> Option<bool> {
        let (reply, is_ours) = oneshot::channel();
        if self.to_acts.send(ToActs::Once(key, reply)).is_ok() { is_ours.await.ok() } else { None }
    }

    /// The leaf of an act of another gateway, with the name of its log; nothing where it cannot be had now.
    pub(crate) async fn leaf(&self, act: i64) -> Option<(String, Vec<u8>)> {
        let (reply, leaf) = oneshot::channel();
        if self.to_acts.send(ToActs::Leaf(act, reply)).is_ok() { leaf.await.ok() } else { None }
    }

    /// What is wrong with the data keys that all have together, or with the ring that is to take them.
    pub(crate) fn keys_fault(&self) -> Option<String> {
        self.keys.what()
    }

    /// Looks at the data keys of all now; true once what is destroyed here is in the shared state no more.
    pub(crate) async fn shares_keys(&self) -> bool {
        let (done, is_done) = oneshot::channel();
        self.to_keys.send(ToKeys::Share(done)).is_ok() && is_done.await.is_ok()
    }

    /// Whether the ring's own key may be rotated here: all have what was handed out, since who rotates it opens nothing more of that.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn may_turn_ring(&self) -> Result<(), KeysFault> {
        let (reply, may) = oneshot::channel();
        let asked = self.to_keys.send(ToKeys::MayTurnRing(reply)).is_ok();
        if asked { may.await.unwrap_or(Err(StateFault::Late.into())) } else { Err(StateFault::Late.into()) }
    }

    /// Hands out the keys of a turn to all, this gateway too, which has them then.
    ///
    /// # Errors
    /// Why they were not handed out; where the state did not answer in time they may be all the same.
    pub(crate) async fn hand_out(&self, ahead: Ahead) -> Result<HandedOut, KeysFault> {
        let (reply, handed_out) = oneshot::channel();
        let asked = self.to_keys.send(ToKeys::HandOut(ahead, reply)).is_ok();
        if asked { handed_out.await.unwrap_or(Err(StateFault::Late.into())) } else { Err(StateFault::Late.into()) }
    }

    /// Waits until all that was settled is on the books, or it cannot be.
    pub(crate) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        if self.to_books.send(ToBooks::Flush(done)).is_ok() {
            drop(is_done.await);
        }
    }

    /// The others, as it was seconds ago; nobody before that is known.
    pub(crate) fn others(&self) -> Arc<Vec<Replica>> {
        self.named().unwrap_or_default()
    }

    /// The same; nothing before it is known which there are.
    pub(crate) fn named(&self) -> Option<Arc<Vec<Replica>>> {
        self.others.load_full()
    }

    pub(super) fn set_others(&self, others: Vec<Replica>) {
        self.others.store(Some(Arc::new(others)));
    }

    /// What the state knew, for whoever connects anew.
    pub(super) fn before(&self) -> Arc<Before> {
        self.before.load_full()
    }

    pub(super) fn set_before(&self, before: &Before) {
        if **self.before.load() != *before {
            self.before.store(Arc::new(before.clone()));
        }
    }

    pub(super) fn now(&self) -> u64 {
        micros(self.clock.monotonic())
    }

    /// From when on it is known what others did; 0 where it is not.
    pub(super) fn set_heard(&self, began: u64) {
        self.heard.store(began, Ordering::Release);
    }
}

/// A claim whose answer nobody has taken yet. Who gives up after it was sent, and before it was taken, gives back what it may have
/// reserved: the books cannot see that.
struct Unheard {
    id: Uuid,
    to_books: Option<mpsc::UnboundedSender<ToBooks>>,
}

impl Drop for Unheard {
    fn drop(&mut self) {
        if let Some(to_books) = &self.to_books {
            drop(to_books.send(ToBooks::Settle(self.id, Outcome::GivenBack)));
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Elsewhere for Cluster {
    fn claim(&self, claim: SharedClaim) -> Awaited<Result<Granted, Refused>> {
        let (reply, answer) = oneshot::channel();
        let unheard = Unheard { id: claim.id, to_books: Some(self.to_books.clone()) };
        let is_sent = self.is_fresh() && self.to_books.send(ToBooks::Claim(Box::new(claim), reply)).is_ok();
        Box::pin(async move {
            let mut unheard = unheard;
            let answered = if is_sent { answer.await.ok() } else { None };
            unheard.to_books = None;
            answered.unwrap_or(Err(Refused::Unavailable))
        })
    }

    fn settle(&self, id: Uuid, outcome: Outcome) {
        drop(self.to_books.send(ToBooks::Settle(id, outcome)));
    }
}

impl Visits for Cluster {
    fn make(&self, step: Step) -> Answered {
        let (reply, said) = oneshot::channel();
        let is_sent = self.is_fresh() && self.to_visits.try_send((step, reply)).is_ok();
        Box::pin(async move { if is_sent { said.await.map_err(|_| Unreached) } else { Err(Unreached) } })
    }
}
