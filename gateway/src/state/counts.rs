//! The port to the counts: one claim a query before anything is fetched, and one settlement after it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_policy::Catalogue;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    claim::{Claim, ConsentUse, IdempotencyEntry, Limits, Refused},
    elsewhere::{Elsewhere, Outcome},
    key::Key,
    memory::{Asked, Grant, Memory},
    usage::{Retired, Usage},
};

/// The counts in force. Clones are the same counts.
///
/// The contract, whoever keeps the counts:
///
/// - **One claim.** [`Counts::reserve`] decides on everything that a query asks for at once and reserves all or nothing. Of
///   two claims for the last look-up one is refused, whatever process they come from.
/// - **Durable or nothing.** What is reserved counts against every other claim at once, but only
///   [`Settlement::Spent`] makes it used, and turns the day: a query that is refused changes nothing.
/// - **Nothing is lost by losing a reservation.** One that is dropped without a settlement (a panic, a task that was
///   ended) is given back. In memory that is done at once. Where it takes a message, dropping puts the reservation into a
///   queue that is sent before the next claim, and what a process reserved ends with the process: it is in no leaf.
/// - **No waiting under a lock.** Both are asynchronous because counts outside the process answer late; in memory they
///   never wait.
/// - **A withdrawal is read here.** [`Counts::is_revoked`] asks no other process, because it is asked in the log's queue.
#[derive(Clone)]
pub struct Counts {
    shared: Arc<Shared>,
}

struct Shared {
    memory: Mutex<Memory>,
    /// Where several gateways count together.
    elsewhere: Option<Arc<dyn Elsewhere>>,
    seqs: BTreeMap<String, u64>,
    catalogue: Arc<Catalogue>,
}

/// What became of a reserved query.
#[derive(Clone, Copy, Debug)]
pub enum Settlement {
    /// Its leaf is durable.
    Spent {
        /// The leaf.
        index: u64,
        /// The query.
        id: Uuid,
        /// When the log took it.
        at: Timestamp,
    },
    /// It was refused, or could not be recorded.
    GivenBack,
}

impl Counts {
    /// Begins with what the log says. `seqs` are the last consecutive numbers of the institutions in it; days are those of
    /// the catalogue.
    #[must_use]
    pub(crate) fn new(
        usage: Usage,
        seqs: BTreeMap<String, u64>,
        catalogue: Arc<Catalogue>,
        elsewhere: Option<Arc<dyn Elsewhere>>,
    ) -> Self {
        Self { shared: Arc::new(Shared { memory: Mutex::new(Memory::new(usage)), elsewhere, seqs, catalogue }) }
    }

    /// Nothing is used.
    #[must_use]
    pub fn empty(catalogue: Arc<Catalogue>) -> Self {
        Self::new(Usage::default(), BTreeMap::new(), catalogue, None)
    }

    /// Whether a consent was withdrawn.
    #[must_use]
    pub fn is_revoked(&self, consent: &Key) -> bool {
        self.lock().usage.revoked.get(consent).is_some()
    }

    /// Withdraws a consent: holds from this call on for every query not yet on its way into the log.
    pub fn revoke(&self, consent: Key, at: Timestamp) {
        self.lock().usage.revoke(&consent, at);
    }

    /// Reserves one look-up, or says which limit is reached.
    ///
    /// # Errors
    /// [`Refused`]; nothing is reserved then.
    pub async fn reserve(&self, claim: Claim<'_>) -> Result<Reservation, Refused> {
        let shared = self.shared.elsewhere.as_ref().map(|elsewhere| (elsewhere, Asked::new(&claim).elsewhere()));
        let mut here = claim;
        if shared.is_some() {
            // Only all together know how many they are; and what is reserved here may still be refused there.
            here.limits = Limits::NONE;
        }
        let grant = self.lock().reserve(Asked::new(&here))?;
        let mut reservation = Reservation { counts: self.clone(), grant: Some(Box::new(grant)), elsewhere: None };
        let Some((elsewhere, mut shared)) = shared else { return Ok(reservation) };
        if reservation.repeats().is_some() {
            // What is repeated was used by the first query.
            (shared.case, shared.consent) = (None, None);
        }
        let granted = elsewhere.claim(shared).await?;
        reservation.elsewhere = Some(claim.id);
        if let (Some(grant), Some(number)) = (&mut reservation.grant, granted.use_) {
            self.lock().renumber(grant, number);
        }
        Ok(reservation)
    }

    fn settle_elsewhere(&self, id: Option<Uuid>, outcome: Outcome) {
        if let (Some(elsewhere), Some(id)) = (&self.shared.elsewhere, id) {
            elsewhere.settle(id, outcome);
        }
    }

    /// A reservation of what no limit counts: its settlement changes nothing.
    pub(crate) fn without_limits(&self) -> Reservation {
        Reservation { counts: self.clone(), grant: None, elsewhere: None }
    }

    /// The last consecutive number of each institution when the process began.
    #[must_use]
    pub fn folded_seqs(&self) -> BTreeMap<String, u64> {
        self.shared.seqs.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A panic while the lock was held leaves a count one too high at worst, until the next start counts again.
        self.shared.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One look-up, reserved until it is settled or dropped.
#[must_use]
pub struct Reservation {
    counts: Counts,
    grant: Option<Box<Grant>>,
    /// Under this id it is reserved in the counts that several gateways share.
    elsewhere: Option<Uuid>,
}

impl Reservation {
    /// Which use of its consent the query is.
    #[must_use]
    pub fn consent_use(&self) -> Option<ConsentUse> {
        self.grant.as_ref()?.consent.map(|(_, use_)| use_)
    }

    /// The first query that this one repeats.
    #[must_use]
    pub fn repeats(&self) -> Option<Uuid> {
        self.grant.as_ref()?.repeats
    }

    /// For a repeat of a query on consent: the use that it was.
    #[must_use]
    pub fn repeated_use(&self) -> Option<ConsentUse> {
        self.grant.as_ref()?.repeated
    }

    /// The idempotency key as the leaf must name it: under the state key under which it is known.
    #[must_use]
    pub fn idempotency(&self) -> Option<IdempotencyEntry> {
        self.grant.as_ref()?.idempotency
    }

    /// Says what became of the query.
    pub async fn settle(mut self, settlement: Settlement) {
        let Some(grant) = self.grant.take() else { return };
        match settlement {
            Settlement::Spent { index, id, at } => {
                self.counts.settle_elsewhere(self.elsewhere, Outcome::Answered(at));
                let day = self.counts.shared.catalogue.today(at);
                let retired = self.counts.lock().spend(*grant, index, id, at, day);
                drop_elsewhere(retired);
            }
            Settlement::GivenBack => {
                self.counts.settle_elsewhere(self.elsewhere, Outcome::GivenBack);
                self.counts.lock().give_back(&grant);
            }
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take() {
            self.counts.settle_elsewhere(self.elsewhere, Outcome::GivenBack);
            self.counts.lock().give_back(&grant);
        }
    }
}

/// Once a day and once a month there is much to free, which would make every query of this thread wait.
fn drop_elsewhere(retired: Retired) {
    if !retired.is_empty() {
        let freeing = std::thread::Builder::new().name("free-counts".to_owned());
        if let Err(error) = freeing.spawn(move || drop(retired)) {
            tracing::warn!(%error, "no thread to free old counts; they were freed at once");
        }
    }
}
