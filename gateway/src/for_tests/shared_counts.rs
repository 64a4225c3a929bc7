//! Counts that several gateways share, without a gateway around them: the contract of the counts is tested on them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::Path,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
};

use credit_audit::clock::{Clock, SystemClock};
use credit_keys::{ChangeError, KeyId, Ring};
use credit_policy::Catalogue;
use jiff::Timestamp;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    cluster::{self, Act, Cluster, Looked, Own, OwnKeys, Process, Rings},
    process::runtime,
    settings::Settings,
    state::{
        Counts, Key, Refused,
        elsewhere::{Awaited, Elsewhere, Granted, Outcome, SharedClaim},
        open_cases::OpenCases,
        usage::Usage,
        visits::Visits,
    },
};

/// What the log of a gateway says of a query: when it was answered, if it was.
pub type Answered = Arc<dyn Fn(Uuid) -> Option<Timestamp> + Send + Sync>;

/// The counts of one gateway that counts together with others, and the thread that keeps the books.
pub struct SharedCounts {
    /// Its counts.
    pub counts: Counts,
    books: Arc<Books>,
    settings: Settings,
    answered: Answered,
    running: Option<Running>,
}

/// What cannot be had.
#[derive(Debug)]
pub struct NoCounts(String);

impl fmt::Display for NoCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The books as the counts have them, whichever thread keeps them now.
struct Books(Mutex<Arc<Cluster>>);

impl Books {
    fn now(&self) -> Arc<Cluster> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Elsewhere for Books {
    fn claim(&self, claim: SharedClaim) -> Awaited<Result<Granted, Refused>> {
        self.now().claim(claim)
    }

    fn settle(&self, id: Uuid, outcome: Outcome) {
        self.now().settle(id, outcome);
    }
}

/// The thread, and what ends it.
struct Running {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl SharedCounts {
    /// Counts by the `[state]` of a configuration, with nothing used in its own memory.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub fn join(config: &Path, catalogue: Arc<Catalogue>, answered: Answered) -> Result<Self, NoCounts> {
        let settings = Settings::read(config)
            .map_err(|faults| NoCounts(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
        let (cluster, running) = start(&settings, &answered)?;
        let books = Arc::new(Books(Mutex::new(cluster)));
        let elsewhere: Arc<dyn Elsewhere> = Arc::clone(&books) as _;
        let counts = Counts::new(Usage::default(), BTreeMap::new(), catalogue, Some(elsewhere));
        Ok(Self { counts, books, settings, answered, running: Some(running) })
    }

    /// Ends the thread without a last word, as a process ends that is killed. What is settled from here on is settled in its own
    /// memory alone.
    pub fn kill(&mut self) {
        if let Some(Running { end, thread }) = self.running.take() {
            drop(end);
            drop(thread.join());
        }
    }

    /// Goes on after that, under the same name.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub fn join_again(&mut self) -> Result<(), NoCounts> {
        self.kill();
        let (cluster, running) = start(&self.settings, &self.answered)?;
        *self.books.0.lock().unwrap_or_else(PoisonError::into_inner) = cluster;
        self.running = Some(running);
        Ok(())
    }

    /// Who visits the persons' door of any of them.
    #[must_use]
    pub fn visits(&self) -> Arc<dyn Visits> {
        self.books.now()
    }

    /// Waits until all that was settled is on the books.
    pub async fn flush(&self) {
        self.books.now().flush().await;
    }
}

impl Drop for SharedCounts {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start(settings: &Settings, answered: &Answered) -> Result<(Arc<Cluster>, Running), NoCounts> {
    let fault = |why: &dyn fmt::Display| NoCounts(why.to_string());
    let state = settings.state.as_ref().ok_or_else(|| fault(&"there is no [state]"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (cluster, ends) = Cluster::new(state, clock, None).map_err(|error| fault(&error))?;
    let own = Own {
        origin: settings.log.origin.clone(),
        keys: None,
        has_answered: false,
        leaves: 0,
        is_running: false,
        continues: None,
        folder: settings.data.dir.clone(),
    };
    let (end, is_over) = oneshot::channel::<()>();
    let (ready, is_ready) = oneshot::channel();
    let (told, hears) = mpsc::channel();
    let (kept, alone) = (Arc::clone(&cluster), Arc::new(Alone(Arc::clone(answered))));
    let thread = std::thread::spawn(move || {
        let Ok(runtime) = runtime() else { return };
        runtime.block_on(async {
            let counting = pin!(cluster::run(kept, ends, own, alone, ready));
            let heard = pin!(async {
                drop(told.send(is_ready.await));
                drop(is_over.await);
            });
            futures_util::future::select(counting, heard).await;
        });
    });
    match hears.recv() {
        Ok(Ok(Ok(()))) => Ok((cluster, Running { end, thread })),
        Ok(Ok(Err(error))) => Err(fault(&error)),
        Ok(Err(_)) | Err(_) => Err(fault(&"the thread of the shared state ended")),
    }
}

/// No acts, and a log that the test stands for.
struct Alone(Answered);

/// No ring: nothing is put there, and nothing taken.
impl Rings for Alone {
    fn peek(&self, _use: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) {}

    fn lend(&self, _use: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) -> Result<(), ChangeError> {
        Ok(())
    }

    fn take(&self, _id: &KeyId, _text: &str) -> Result<(), ChangeError> {
        Ok(())
    }

    fn now(&self) -> Timestamp {
        SystemClock::new().now()
    }
}

impl Process for Alone {
    fn begin(&self, _own_until: u64, _cases: OpenCases, _revoked: Vec<(Key, Timestamp)>) {}

    fn take_in(&self, _act: &Act) {}

    fn became_of(&self, id: Uuid, _institution: &str) -> Option<Outcome> {
        Some((self.0)(id).map_or(Outcome::GivenBack, Outcome::Answered))
    }

    fn acts_from(&self, index: u64) -> io::Result<Looked> {
        Ok((Vec::new(), index))
    }

    fn keys(&self) -> OwnKeys {
        OwnKeys { digest: [0; 32], shared: Arc::default(), now: Timestamp::UNIX_EPOCH }
    }

    fn heard(&self, _heard: Result<(), String>) {}

    fn lends(&self, _lends: Result<(), String>) {}
}
