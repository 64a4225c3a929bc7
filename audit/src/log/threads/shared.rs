//! What the threads of a log have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::batch_clock::AcceptedTime;
use super::under_way::UnderWay;
use crate::clock::Clock;
use crate::log::disk::failure::Fatal;
use crate::log::metrics::Meters;
use crate::log::publish::checkpoint_signer::CheckpointSigner;
use crate::log::publish::spans::Spans;
use crate::log::publish::tile_store::TileStore;
use crate::log::recordability::{Cause, Recordability};
use crate::log::settings::Settings;
use crate::log::submit::queue::Queue;
use crate::log::tree::recent::{Recent, TreeHead};
use crate::log::wal::reserve::Reserve;
use crate::tile::FULL_WIDTH;

/// A batch that is under way for longer makes the log not recordable until it is durable: queries that come meanwhile
/// would only wait.
pub const SLOW: Duration = Duration::from_secs(2);

/// A publication or a signature that is under way for longer makes the log not recordable until it ends: the second place
/// or the folder of the published log hangs, and nobody gets receipts. Longer than [`SLOW`], since it is several syncs.
pub(crate) const SLOW_PUBLICATION: Duration = Duration::from_secs(3);

/// How often [`Shared::drain`] looks.
const DRAIN_POLL: Duration = Duration::from_millis(5);

/// The published checkpoint.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) size: u64,
    /// `at` of its last leaf.
    pub(crate) at: Timestamp,
    /// The signed note; empty before the first publication.
    pub(crate) note: String,
}

/// See the module. Each part has its own short lock; where a thread has two, the second is `closing`.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accepted: Arc<AcceptedTime>,
    pub(crate) queue: Queue,
    pub(crate) recordability: Recordability,
    pub(crate) fatal: Fatal,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) tile_store: TileStore,
    pub(crate) spans: Spans,
    /// The bundles before this leaf were let go.
    pub(crate) let_go: AtomicU64,
    pub(crate) checkpoint_signer: CheckpointSigner,
    pub(crate) meters: Meters,
    /// The writer's batch, or what a batch needs.
    pub(crate) writing: UnderWay,
    pub(crate) publication: UnderWay,
    pub(crate) proving: UnderWay,
    recent: Mutex<Growth>,
    grown: Condvar,
    published: Mutex<Arc<Published>>,
    closing: Mutex<bool>,
    closed: Condvar,
}

/// The unpublished part, and since when (on the monotonic clock) it has leaves.
struct Growth {
    recent: Recent,
    since: Option<Duration>,
    /// The same of the part that is being published now.
    publishing: Option<Duration>,
    /// The publisher sleeps until there is something.
    asleep: bool,
}

/// What [`Shared::new`] needs beside the settings.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accepted: Arc<AcceptedTime>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) tile_store: TileStore,
    pub(crate) checkpoint_signer: CheckpointSigner,
    pub(crate) recent: Recent,
    pub(crate) published: Published,
    pub(crate) let_go: u64,
}

impl Shared {
    pub(crate) fn new(settings: Settings, parts: Parts) -> Self {
        let size = parts.recent.head().size;
        let since = (size > parts.published.size).then(|| parts.clock.monotonic());
        Self {
            queue: Queue::new(),
            recordability: Recordability::new(Arc::clone(&settings.report)),
            fatal: Fatal { report: Arc::clone(&settings.report), stop: Arc::clone(&settings.stop) },
            settings,
            clock: parts.clock,
            accepted: parts.accepted,
            reserve: parts.reserve,
            tile_store: parts.tile_store,
            spans: Spans::default(),
            let_go: AtomicU64::new(parts.let_go),
            checkpoint_signer: parts.checkpoint_signer,
            meters: Meters::new(size, parts.published.size),
            writing: UnderWay::default(),
            publication: UnderWay::default(),
            proving: UnderWay::default(),
            recent: Mutex::new(Growth { recent: parts.recent, since, publishing: None, asleep: false }),
            grown: Condvar::new(),
            published: Mutex::new(Arc::new(parts.published)),
            closing: Mutex::new(false),
            closed: Condvar::new(),
        }
    }

    /// Whether who waits for a leaf or its proof waits for a disk that hangs.
    pub(crate) fn is_slow(&self) -> bool {
        self.writing.time(&*self.clock) > SLOW || self.proving.time(&*self.clock) > SLOW_PUBLICATION
    }

    /// Whether checkpoints are signed and published in time.
    fn is_publication_slow(&self) -> bool {
        let under_way = self.publication.time(&*self.clock).max(self.proving.time(&*self.clock));
        under_way > SLOW_PUBLICATION
    }

    /// The bundle that is read first: those before it were let go.
    pub(crate) fn first_bundle(&self) -> u64 {
        self.let_go.load(Ordering::Acquire) / u64::from(FULL_WIDTH)
    }

    /// Whether entries are taken.
    pub(crate) fn is_recordable(&self) -> bool {
        self.recordability.is_recordable() && !self.is_slow() && !self.is_publication_slow()
    }

    /// What keeps the log from recording now.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let mut causes = self.recordability.causes();
        if self.writing.time(&*self.clock) > SLOW {
            causes.push(Cause::Slow);
        }
        if self.is_publication_slow() && !causes.contains(&Cause::Publication) {
            causes.push(Cause::Publication);
        }
        causes
    }

    fn growth(&self) -> MutexGuard<'_, Growth> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the unpublished part, briefly.
    pub(crate) fn with_recent<T>(&self, f: impl FnOnce(&mut Recent) -> T) -> T {
        f(&mut self.growth().recent)
    }

    /// The head of the durable tree.
    pub(crate) fn head(&self) -> TreeHead {
        self.with_recent(|recent| recent.head())
    }

    /// A batch became durable: adds it and wakes the publisher if it sleeps.
    pub(crate) fn grow(&self, add: impl FnOnce(&mut Recent)) {
        let mut growth = self.growth();
        add(&mut growth.recent);
        let size = growth.recent.head().size;
        growth.since.get_or_insert_with(|| self.clock.monotonic());
        let wake = std::mem::take(&mut growth.asleep);
        drop(growth);
        self.meters.size.store(size, Ordering::Release);
        if wake {
            self.grown.notify_one();
        }
    }

    /// The publisher sleeps here until there is something to publish or the log closes. Gives the head to publish and
    /// since when its oldest leaf waits, and starts to measure again from now.
    pub(crate) fn wait_for_growth(&self) -> Option<(TreeHead, Duration)> {
        let mut growth = self.growth();
        loop {
            if let Some(since) = growth.since.take() {
                growth.publishing = Some(since);
                return Some((growth.recent.head(), since));
            }
            if self.is_closing() {
                return None;
            }
            growth.asleep = true;
            growth = self.grown.wait(growth).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A publication failed: what it took is still unpublished.
    pub(crate) fn not_published(&self, since: Duration) {
        let mut growth = self.growth();
        (growth.since, growth.publishing) = (Some(since), None);
    }

    /// A checkpoint was published.
    pub(crate) fn set_published(&self, published: Published) {
        self.meters.published.store(published.size, Ordering::Release);
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
        self.growth().publishing = None;
    }

    /// How long the oldest leaf that is not published has waited; zero when all are.
    pub(crate) fn unpublished_for(&self) -> Duration {
        let growth = self.growth();
        let since = growth.publishing.or(growth.since);
        since.map_or(Duration::ZERO, |since| self.clock.monotonic().saturating_sub(since))
    }

    /// The published checkpoint.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until all that was submitted before is published; says whether it is.
    pub(crate) fn drain(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        loop {
            if self.queue.is_settled() && self.head().size == self.published().size {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(DRAIN_POLL);
        }
    }

    /// Tells the publisher to publish what is left and end.
    pub(crate) fn close(&self) {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.closed.notify_all();
        // Under its lock, so that the publisher is either before its look or asleep already.
        let growth = self.growth();
        self.grown.notify_all();
        drop(growth);
    }

    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, but not longer than until the log closes.
    pub(crate) fn pause(&self, most: Duration) {
        let closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.closed.wait_timeout_while(closing, most, |closing| !*closing);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
