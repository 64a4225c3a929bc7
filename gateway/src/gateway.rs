//! What every query shares: register, catalogue, keys, state, stores, log.

pub(crate) mod covering;
mod follow;

use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use credit_audit::{
    clock::Clock,
    leaf,
    log::{Durable, Log, Lookup, LookupError},
    pruned::PrunedHead,
};
use credit_keys::{StateKey, SystemEntropy};
use credit_policy::{Catalogue, Code};
use jiff::{SignedDuration, Timestamp, civil::Date};
use tokio::sync::{AcquireError, Semaphore, watch};
use uuid::Uuid;

use crate::{
    callers::{
        flood::Unrecorded,
        issuers::Issuers,
        register::{Institution, Register},
        suspension::StopSwitch,
        thumbprint::Thumbprint,
        trust::Known,
    },
    cluster::Cluster,
    gateway::covering::Covering,
    index::{Index, ReviewBook, StatisticsBook, leaf_at},
    keyring::{Current, Keyring},
    recorder::{InForceOnly, Recorder},
    rules::{InForce, Rules},
    settings::Settings,
    state::{
        Counts,
        about::Abouts,
        appointments::Appointments,
        approvals::Approvals,
        open_cases::OpenCases,
        other_logs::{act_at, is_elsewhere},
        snapshot::Following,
        standing::Standing,
        visits::Visits,
    },
    telemetry::metrics::Metrics,
};

/// The gateway. Made by [`crate::process::start`], shared by every task.
pub struct Gateway {
    /// The configuration.
    pub settings: Settings,
    /// The rules in force. A query takes them once: see [`Moment`].
    pub(crate) in_force: InForce,
    /// Who may call.
    pub register: Register,
    /// What officers proposed and approved.
    pub(crate) approvals: Mutex<Approvals>,
    /// Records that the log says were let go, and that are there still.
    pub(crate) unfinished: Mutex<Option<Unfinished>>,
    /// What is stopped for everybody.
    pub(crate) stops: StopSwitch,
    /// The certificates of who may call.
    pub(crate) certificates: Arc<Known>,
    /// Who may issue consents.
    pub issuers: Issuers,
    /// What was spent.
    pub state: Counts,
    /// The gateways that count together with this one.
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// Who visits the persons' door.
    pub(crate) visits: Arc<dyn Visits>,
    /// What persons said: scenarios that they closed, objections.
    pub(crate) standing: Arc<Standing>,
    /// Cases that must be checked.
    pub(crate) cases: Cases,
    /// Keys in force.
    pub keys: Arc<Keyring>,
    /// The record.
    pub log: Log,
    /// The index of the log, where persons have a door.
    pub(crate) index: Option<Index>,
    /// Which queries are reviewed, and what came of it.
    pub(crate) reviews: ReviewBook,
    /// What came after the snapshot of the state.
    pub(crate) following: Following,
    /// How much was asked, and what came of it.
    pub(crate) statistics: StatisticsBook,
    /// What proposals are about.
    pub(crate) abouts: Abouts,
    /// Records what is no query, and puts it in force.
    pub recorder: Recorder,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// The one source of randomness.
    pub entropy: SystemEntropy,
    /// Figures for the operator.
    pub metrics: Metrics,
    /// Queries under way in the process.
    pub journeys: Arc<Semaphore>,
    /// One change of the register or the ring after the other, so that the record tells their order; and what such changes
    /// left off the record.
    pub(crate) changes: tokio::sync::Mutex<HashSet<InForceOnly>>,
    /// Batches under way: each keeps its lines in memory.
    pub batches: Arc<Semaphore>,
    /// Reads of receipts under way: see [`Gateway::receipt`].
    pub(crate) receipt_readers: Semaphore,
    /// True from SIGTERM on, a while before it drains: readiness is false.
    pub ending: AtomicBool,
    /// True once the process drains.
    pub draining: watch::Sender<bool>,
}

/// Cases that must be checked, and figures that were published.
pub(crate) struct Cases {
    /// Those that were registered and are not decided.
    open: Mutex<OpenCases>,
    /// Who is to come to a department on a day.
    appointed: Mutex<Appointments>,
    /// Which were looked up, as far as the log was read for it.
    coverage: Mutex<Covering>,
    /// The other gateways are asked for what they know of it once at a time.
    pub(crate) asking: tokio::sync::Mutex<()>,
    /// The logs whose gateways could not be asked the last time.
    away: Mutex<BTreeSet<String>>,
    /// When the last case was opened or decided that was heard of, at whichever gateway: microseconds of Unix time.
    heard: AtomicI64,
    /// Figures that were published.
    figures: Mutex<Vec<leaf::Figures>>,
    /// How many logs the directory lists.
    listed: AtomicU64,
    /// They are said again one after the other.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Cases {
    /// Those that the log has; of coverage nothing is read yet.
    pub(crate) fn new(
        (open, appointed): (OpenCases, Appointments),
        figures: Vec<leaf::Figures>,
        coverage: Covering,
    ) -> Self {
        let (coverage, figures) = (Mutex::new(coverage), Mutex::new(figures));
        let (open, appointed) = (Mutex::new(open), Mutex::new(appointed));
        let (asking, turn) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        let (heard, away) = (AtomicI64::new(i64::MIN), Mutex::default());
        let listed = AtomicU64::new(1);
        Self { open, appointed, coverage, asking, away, heard, figures, listed, turn }
    }

    /// So many logs are in the directory.
    pub(crate) fn list(&self, logs: u64) {
        self.listed.store(logs, Ordering::Relaxed);
    }

    /// Whether the gateway of a log could be asked; true where that is news.
    pub(crate) fn is_news(&self, log: &str, is_away: bool) -> bool {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if is_away { away.insert(log.to_owned()) } else { away.remove(log) }
    }

    /// A case was opened or decided at some gateway. It waits for nothing: who hears for all must not.
    pub(crate) fn hear(&self, at: Timestamp) {
        self.heard.fetch_max(at.as_microsecond(), Ordering::Relaxed);
    }

    /// When the last one was that was heard of.
    pub(crate) fn heard(&self) -> i64 {
        self.heard.load(Ordering::Relaxed)
    }
}

/// Records before `until` that a leaf lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) until: u64,
    pub(crate) leaf: u64,
}

/// What one query takes once: time, day, keys and rules, so that all of it goes by the same.
#[derive(Clone)]
pub struct Moment {
    /// When the query began.
    pub now: Timestamp,
    /// The civil day of then in the jurisdiction.
    pub today: Date,
    /// The keys in force.
    pub keys: Arc<Current>,
    /// The rules in force.
    pub rules: Arc<Rules>,
}

impl Gateway {
    /// The key by which those who visit the persons' door are kept.
    pub(crate) fn visits_key(&self) -> StateKey {
        self.keys.at(self.log.accepted_now()).state.clone()
    }

    /// Time, day, keys and rules of a query that begins now.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let (now, rules) = (self.clock.now(), self.rules());
        Moment { now, today: rules.catalogue.today(now), keys: self.keys.at(now), rules }
    }

    /// The keys in force.
    #[must_use]
    pub fn current_keys(&self) -> Arc<Current> {
        self.keys.at(self.clock.now())
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.in_force.rules()
    }

    /// The catalogue in force.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.rules().catalogue)
    }

    /// Waits until a leaf is published, and so can be read again; a moment after it is durable. False where it takes long.
    pub(crate) async fn is_published(&self, leaf: u64) -> bool {
        if is_elsewhere(leaf) {
            return true;
        }
        const LOOK: Duration = Duration::from_millis(25);
        const LOOKS: usize = 160;
        for _ in 0..LOOKS {
            if self.log.published() > leaf {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    /// A leaf by its place, with the name of its log: of the own one once it is published, or of another; nothing where it cannot
    /// be had.
    pub(crate) async fn leaf(&self, place: u64) -> Option<(String, Vec<u8>)> {
        if let Some(act) = act_at(place) {
            return self.cluster.as_ref()?.leaf(act).await;
        }
        self.is_published(place).await;
        let folder = self.log_folder();
        let read = tokio::task::spawn_blocking(move || leaf_at(&folder, place).ok());
        Some((self.settings.log.origin.clone(), read.await.ok()??))
    }

    /// Whether the others could be told of an act now; what they did before is known here then. Always where this one counts
    /// alone.
    pub(crate) async fn reaches_others(&self) -> bool {
        match &self.cluster {
            Some(cluster) => cluster.reaches().await,
            None => true,
        }
    }

    /// Whether something is so already, also by what the others did: a gateway that has not heard of the opposite yet would change
    /// nothing, and say that it is so while it is not. False where the others cannot be heard; then nothing can be recorded either.
    pub(crate) async fn is_already(&self, is_so: impl Fn() -> bool + Send) -> bool {
        is_so() && self.reaches_others().await && is_so()
    }

    /// Tells the others of an act that is on the record; false where it is not known whether they know it.
    pub(crate) async fn tell(&self, durable: &Durable) -> bool {
        match &self.cluster {
            Some(cluster) => cluster.tell(durable.index, Arc::clone(&durable.leaf)).await,
            None => true,
        }
    }

    /// The published leaf of an institution's own query, with its proof. It is read on a blocking thread, with a bundle of
    /// leaves in memory, so only a few are read at once however many are asked for: the lines of a batch that is asked again
    /// are hundreds. One institution stands once in the line of all, so whoever guesses ids, or asks again, waits for itself.
    ///
    /// # Errors
    /// As [`LookupError`] says.
    pub(crate) async fn receipt(&self, id: Uuid, institution: &Institution) -> Result<Lookup, LookupError> {
        let unreadable = |error: AcquireError| LookupError::Unreadable(io::Error::other(error));
        let _own = institution.reads.turn.acquire().await.map_err(unreadable)?;
        let _turn = self.receipt_readers.acquire().await.map_err(unreadable)?;
        let (log, name) = (self.log.clone(), institution.id().to_owned());
        let found = tokio::task::spawn_blocking(move || log.receipt(id, &name)).await;
        found.unwrap_or_else(|error| Err(LookupError::Unreadable(io::Error::other(error))))
    }

    /// A new id: UUIDv7 of now.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.recorder.new_id()
    }

    /// The civil day in the jurisdiction.
    #[must_use]
    pub fn today(&self) -> Date {
        self.catalogue().today(self.clock.now())
    }

    /// Whole seconds until the day after `day` begins in the jurisdiction, when limits of a day begin anew; at least 1,
    /// also where it has begun meanwhile.
    #[must_use]
    pub fn seconds_to_day_after(&self, day: Date) -> u64 {
        seconds_to_day_after(&self.catalogue(), self.clock.now(), day)
    }

    /// Counts a request that has no record of its own; one whose certificate is in no register has no institution to be
    /// counted for.
    pub fn count_unrecorded(&self, certificate: Thumbprint, what: Unrecorded) {
        if let Some(institution) = self.register.by_certificate(certificate) {
            institution.floods.count(what, self.clock.now(), self.clock.monotonic());
            self.metrics.flood(institution.id(), what.as_str());
        }
    }

    /// Whether the process drains.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Why there is no room for a query: a drain, which takes all of it, or too much at once, which is counted.
    #[must_use]
    pub(crate) fn no_room(&self) -> Code {
        if self.is_draining() {
            return Code::Draining;
        }
        self.metrics.overloaded();
        Code::Overloaded
    }

    /// Whether the process is on its way down, or will be in a moment.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire) || self.is_draining()
    }

    /// Whether what other gateways did is known here, so that an answer may be given; always where this one counts alone.
    #[must_use]
    pub(crate) fn is_heard(&self) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| cluster.is_fresh() && !cluster.is_behind())
    }

    /// Whether other gateways of this operator count together with this one, each with a log of its own.
    #[must_use]
    pub(crate) fn is_one_of_several(&self) -> bool {
        self.cluster.is_some()
    }

    /// Looks whether another gateway goes by rules that two officers approved, and this one by others: where either changed.
    pub(crate) fn compare_rules(&self) {
        let approvals = self.approvals.lock().unwrap_or_else(PoisonError::into_inner);
        let is_behind = approvals.is_behind(&self.rules().digests);
        self.cluster.iter().for_each(|cluster| cluster.set_behind(is_behind));
    }

    /// Whether somebody can be answered now: it can be put on the record, and what others did is known.
    #[must_use]
    pub(crate) fn may_answer(&self) -> bool {
        self.is_recordable() && self.is_heard()
    }

    /// Whether a query can be put on the record now: the log takes it, and the data key is the one of its month. A record
    /// under last month's key would be lost with that key (FORMAT.md §5).
    #[must_use]
    pub fn is_recordable(&self) -> bool {
        self.log.recordable() && !self.are_keys_past()
    }

    /// Whether the keys in force were not renewed in time.
    #[must_use]
    pub fn are_keys_past(&self) -> bool {
        self.keys.is_past(self.log.accepted_now())
    }

    /// What one officer did in an emergency: acts that wait for the second one, and those for which it is too late.
    #[must_use]
    pub(crate) fn emergencies(&self) -> (usize, usize) {
        let approvals = self.approvals.lock().unwrap_or_else(PoisonError::into_inner);
        approvals.emergencies().count(self.clock.now())
    }

    /// Whether two officers are needed.
    #[must_use]
    pub(crate) fn is_by_two(&self) -> bool {
        self.approvals.lock().unwrap_or_else(PoisonError::into_inner).is_by_two()
    }

    /// Proposals that wait for another officer; and those that were approved and are not done.
    #[must_use]
    pub(crate) fn proposals_waiting(&self) -> (usize, usize) {
        let approvals = self.approvals.lock().unwrap_or_else(PoisonError::into_inner);
        approvals.waiting(self.clock.now())
    }

    /// The folder of the published log.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.settings.data.dir.join("log")
    }

    /// Whether records of a month, written as `2026-11`, were let go. Blocks.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(crate) fn is_let_go(&self, month: &str) -> std::io::Result<bool> {
        let head = PrunedHead::read(&self.log_folder(), None)?;
        let last = head.map(|head| self.catalogue().offset().to_datetime(head.last_at).strftime("%Y-%m").to_string());
        Ok(last.is_some_and(|last| month <= last.as_str()))
    }

    /// In how many logs a person can stand: those that the directory lists, and where there is none, those of the gateways that count
    /// together with this one; at least the own one.
    pub(crate) fn logs_of_all(&self) -> u64 {
        let others = self.cluster.as_ref().map_or(0, |cluster| cluster.others().len() as u64);
        self.cases.listed.load(Ordering::Relaxed).max(others + 1)
    }

    /// Figures that were published. For a moment: nothing waits while it has them.
    pub(crate) fn published_figures(&self) -> MutexGuard<'_, Vec<leaf::Figures>> {
        self.cases.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is to come to a department on a day. For a moment: nothing waits while it has them.
    pub(crate) fn appointments(&self) -> MutexGuard<'_, Appointments> {
        self.cases.appointed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cases that were registered and are not decided. For a moment: nothing waits while it has them.
    pub(crate) fn open_cases(&self) -> MutexGuard<'_, OpenCases> {
        self.cases.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds_to_day_after(catalogue: &Catalogue, now: Timestamp, day: Date) -> u64 {
    // The day turns at most 24 hours from now: halve the span down to the second.
    let (mut same, mut next) = (0_i64, 86_400_i64);
    while next - same > 1 {
        let middle = i64::midpoint(same, next);
        let then = now.saturating_add(SignedDuration::from_secs(middle)).unwrap_or(now);
        if catalogue.today(then) <= day {
            same = middle;
        } else {
            next = middle;
        }
    }
    next.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_a_day_are_waited_for_until_the_day_turns_in_the_jurisdiction() {
        let catalogue = Catalogue::load(&credit_policy::catalogue::shipped()).unwrap();
        // The shipped catalogue's days turn at 16:00 UTC.
        for (now, seconds) in [
            ("2026-11-21T16:00:00Z", 86_400),
            ("2026-11-22T15:59:58.999999Z", 2),
            ("2026-11-22T15:59:59Z", 1),
            ("2026-11-22T15:59:59.999999Z", 1),
            // The day turned while the query was under way.
            ("2026-11-22T16:00:00Z", 1),
            ("2026-11-22T16:00:07Z", 1),
        ] {
            let (now, day): (Timestamp, _) = (now.parse().unwrap(), jiff::civil::date(2026, 11, 22));
            let wait = seconds_to_day_after(&catalogue, now, day);
            assert_eq!(wait, seconds, "{now}");
            let then = now + SignedDuration::from_secs(i64::try_from(wait).unwrap());
            assert_eq!(catalogue.today(then), jiff::civil::date(2026, 11, 23), "{now}");
        }
    }
}
