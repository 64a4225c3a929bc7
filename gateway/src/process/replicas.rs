//! The gateways that count together with this one: the thread that counts and hears, and what it needs of this process.

use std::{
    collections::BTreeSet,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use credit_audit::{
    clock::Clock,
    leaf::{QueryLeaf, peek},
    log::LookupError,
};
use credit_keys::{ChangeError, KeyId, Ring};
use jiff::Timestamp;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    callers::register::Register,
    changes::{begin_anew, take_in, take_in_decided},
    cluster::{self, Act, Cluster, Ends, Looked, Own, OwnKeys, Process, Rings, StateFault, is_shared},
    gateway::Gateway,
    index::each_leaf,
    keyring::Keyring,
    process::runtime,
    settings::Settings,
    state::{
        Key,
        elsewhere::{Elsewhere, Outcome},
        ledger::Ledger,
        open_cases::OpenCases,
        visits::{Visits, memory::Memory},
    },
    telemetry::{self, metrics::Duty},
};

/// Leaves of the own log that are looked through at once for acts.
const LOOKED_AT: u64 = 4_096;

/// What is to be run once there is a gateway; nothing where this one counts alone.
pub(super) struct Joining(Option<(Arc<Cluster>, Ends, Own)>);

impl Joining {
    /// # Errors
    /// When a file of the settings cannot be used.
    pub(super) fn new(
        settings: &Settings,
        keys: &Keyring,
        own: &Counted<'_>,
        register: &Register,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StateFault> {
        let Some(state) = &settings.state else { return Ok(Self(None)) };
        let (cluster, ends) = Cluster::new(state, Arc::clone(clock), register.lender())?;
        Ok(Self(Some((cluster, ends, own.own(settings, Some(own_keys(keys, clock.now())))))))
    }

    pub(super) fn cluster(&self) -> Option<Arc<Cluster>> {
        self.0.as_ref().map(|(cluster, ..)| Arc::clone(cluster))
    }

    /// The counts of all.
    pub(super) fn elsewhere(&self) -> Option<Arc<dyn Elsewhere>> {
        self.cluster().map(|cluster| cluster as _)
    }

    /// Who visits the persons' door: of all, or of this one.
    pub(super) fn visits(&self, clock: &Arc<dyn Clock>) -> Arc<dyn Visits> {
        match self.cluster() {
            Some(cluster) => cluster,
            None => Arc::new(Memory::new(Arc::clone(clock))),
        }
    }

    /// Starts the thread, and waits until all that the others did so far is in force here.
    ///
    /// # Errors
    /// Why this gateway cannot count together with the others now.
    pub(super) async fn run(self, gateway: &Arc<Gateway>) -> Result<(), StateFault> {
        let Some((cluster, ends, own)) = self.0 else { return Ok(()) };
        let (ready, is_ready) = oneshot::channel();
        let process = Arc::new(Here(Arc::clone(gateway)));
        let thread = std::thread::Builder::new().name("replicas".to_owned());
        let spawned = thread.spawn(move || match runtime() {
            Ok(runtime) => {
                let run = || runtime.block_on(cluster::run(cluster, ends, own, process, ready));
                if catch_unwind(AssertUnwindSafe(run)).is_err() {
                    // Without it every query is refused: whoever started the process starts it again.
                    tracing::error!("the thread of the shared state panicked; the process ends");
                    telemetry::flush_lines();
                    std::process::abort();
                }
            }
            Err(error) => tracing::error!(%error, "the thread of the shared state could not be set up"),
        });
        match spawned {
            Ok(_) => is_ready.await.unwrap_or(Err(StateFault::Late)),
            Err(_) => Err(StateFault::Late),
        }
    }
}

/// What this gateway counted before it counts together.
pub(super) struct Counted<'a> {
    pub(super) has_answered: bool,
    /// So many leaves are in its log.
    pub(super) leaves: u64,
    /// Whether a gateway of this data folder is running.
    pub(super) is_running: bool,
    /// The log before, of which not all is taken over yet.
    pub(super) before: Option<&'a str>,
}

impl<'a> Counted<'a> {
    /// What a log says, and the name of the one before.
    pub(super) fn of(ledger: &Ledger, before: Option<&'a str>) -> Self {
        Self { has_answered: !ledger.seqs.is_empty(), leaves: ledger.size, is_running: false, before }
    }

    /// Who this gateway is to the others.
    pub(super) fn own(&self, settings: &Settings, keys: Option<OwnKeys>) -> Own {
        let continues = self.before.map(str::to_owned);
        let (origin, folder) = (settings.log.origin.clone(), settings.data.dir.clone());
        let Self { has_answered, leaves, is_running, .. } = *self;
        Own { origin, keys, has_answered, leaves, is_running, continues, folder }
    }
}

/// Whether a start could count together with the others; nothing is written.
///
/// # Errors
/// Why it could not.
pub(super) async fn examine(
    settings: &Settings,
    keys: Option<OwnKeys>,
    counted: &Counted<'_>,
) -> Result<(), StateFault> {
    let Some(state) = &settings.state else { return Ok(()) };
    cluster::examine(state, &counted.own(settings, keys)).await
}

/// Takes in what officers decided at the other gateways: a start loads by it.
///
/// # Errors
/// Why it cannot be known.
pub(super) async fn approvals(
    settings: &Settings,
    ledger: &mut Ledger,
    counted: &Counted<'_>,
) -> Result<(), StateFault> {
    let Some(state) = &settings.state else { return Ok(()) };
    let acts = cluster::decided(state, &counted.own(settings, None)).await?;
    take_in_decided(&mut ledger.approvals, &settings.log.origin, &acts);
    Ok(())
}

/// What is wrong where another gateway goes by other rules.
const BEHIND: &str = "another gateway has loaded what two officers approved, and this one goes by other rules: put the approved configuration beside its own, as `.next`";

fn own_keys(keys: &Keyring, now: Timestamp) -> OwnKeys {
    OwnKeys { digest: keys.digest(now), shared: keys.shared(), now }
}

struct Here(Arc<Gateway>);

impl Rings for Here {
    fn peek(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) {
        self.0.keys.with_destroyed(|ring, gone| use_(ring, gone));
    }

    fn lend(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) -> Result<(), ChangeError> {
        self.0.keys.refresh(self.now())?;
        self.peek(use_);
        Ok(())
    }

    fn take(&self, id: &KeyId, text: &str) -> Result<(), ChangeError> {
        self.0.keys.take_handed(id, text, self.now(), &self.0.entropy)
    }

    fn now(&self) -> Timestamp {
        self.0.log.accepted_now()
    }
}

impl Process for Here {
    fn begin(&self, own_until: u64, cases: OpenCases, revoked: Vec<(Key, Timestamp)>) {
        begin_anew(&self.0, own_until, cases, revoked);
    }

    fn take_in(&self, act: &Act) {
        if !take_in(&self.0, act) {
            tracing::error!(leaf = act.index, cause = "it does not open", "an act of another gateway was not taken in");
        }
    }

    fn became_of(&self, id: Uuid, institution: &str) -> Option<Outcome> {
        match self.0.log.receipt(id, institution) {
            Ok(found) => {
                let (leaf, head) = (QueryLeaf::parse(&found.leaf).ok()?, peek(&found.leaf).ok()?);
                Some(if leaf.code.is_none() { Outcome::Answered(head.at) } else { Outcome::GivenBack })
            }
            Err(LookupError::NotFound) => Some(Outcome::GivenBack),
            Err(_) => None,
        }
    }

    fn acts_from(&self, index: u64) -> io::Result<Looked> {
        let until = self.0.log.published().min(index.saturating_add(LOOKED_AT));
        let mut acts = Vec::new();
        let read = each_leaf(&self.0.log_folder(), index, until, |index, bytes| {
            if is_shared(bytes) {
                acts.push((index, bytes.to_vec()));
            }
            Ok(())
        });
        read.map(|()| (acts, until)).map_err(io::Error::other)
    }

    fn keys(&self) -> OwnKeys {
        own_keys(&self.0.keys, self.0.clock.now())
    }

    fn heard(&self, heard: Result<(), String>) {
        let is_behind = self.0.cluster.as_ref().is_some_and(|cluster| cluster.is_behind());
        let heard = heard.and_then(|()| if is_behind { Err(BEHIND.to_owned()) } else { Ok(()) });
        self.0.metrics.duty(Duty::Replicas, heard, self.0.clock.now());
    }

    fn lends(&self, lends: Result<(), String>) {
        self.0.metrics.duty(Duty::Rates, lends, self.0.clock.now());
    }
}
