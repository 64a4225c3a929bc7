//! The one way by which something that is no query gets on the record and in force. Which of the two comes first is a
//! value ([`Order`]); that both come, whatever becomes of who asked, is for this module alone (`docs/0014`).

use std::sync::Arc;

use credit_audit::{
    clock::Clock,
    leaf::Entry,
    log::{Durable, Log, Unsubmitted},
};
use credit_keys::{Entropy, StoredEntropy};
use credit_policy::InstitutionId;
use uuid::Uuid;

use crate::{
    callers::{suspension::Part, thumbprint::Thumbprint},
    cluster::{Cluster, is_shared_entry},
    state::{Key, standing::StandingKey},
};

/// Which comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// For what widens, such as an institution added: nobody may use what the record does not tell. If it cannot be
    /// recorded, nothing is in force.
    RecordFirst,
    /// For what narrows, such as a suspension, which cannot wait for a disk. If it cannot be recorded, it is in force all
    /// the same, until the process ends.
    EffectFirst,
}

/// What is in force although its leaf could not be recorded: only then does the same change make a leaf when it is made again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InForceOnly {
    /// An institution, or a part of it, is suspended.
    Suspension(InstitutionId, Part),
    /// Everything is stopped, or one scenario.
    Stop(Option<String>),
    /// A consent is withdrawn.
    Withdrawal(Key),
    /// A person closed a scenario.
    Block(StandingKey, String),
    /// A record is gone, because this objection to it was upheld.
    Upheld(Uuid),
    /// A record is gone, because it was repaired.
    Repair(StandingKey, String),
    /// An institution lost a certificate.
    Removal(InstitutionId, Thumbprint),
}

/// Why something is not on the record. Whether it is in force all the same, its [`Order`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// The log takes nothing now, or ended before it was durable.
    #[error("nothing can be recorded now; see readiness")]
    NotRecordable,
    /// It ought not to be recorded any more.
    #[error("something that came first forbids it")]
    Overtaken,
    /// It is on the record, and it is not known whether the other gateways know it.
    #[error("it is on the record here, and will be told to the other gateways once the shared state takes it")]
    NotShared,
}

/// Records and puts in force. Clones share one log.
#[derive(Clone)]
pub struct Recorder {
    log: Log,
    clock: Arc<dyn Clock>,
    entropy: StoredEntropy,
    /// To whom acts are told that hold for every gateway.
    cluster: Option<Arc<Cluster>>,
}

impl Recorder {
    /// For a running log. With a cluster, what holds for every gateway is told to all before it is said to be done.
    #[must_use]
    pub(crate) fn new(log: Log, clock: Arc<dyn Clock>, cluster: Option<Arc<Cluster>>) -> Self {
        Self { log, clock, entropy: StoredEntropy::new(), cluster }
    }

    /// The same log, without telling anybody: for a start, when nobody can be told yet. A later round finds its acts in the log.
    pub(crate) fn alone(&self) -> Self {
        Self { cluster: None, ..self.clone() }
    }

    /// For the nonces and openings of records.
    pub(crate) fn nonces(&self) -> &StoredEntropy {
        &self.entropy
    }

    /// A new id: UUIDv7 of now.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        new_id(&*self.clock, &self.entropy)
    }

    /// Records an entry, runs `effect`, which puts it in force, and says where it stands. With `proof` the whole proof is
    /// made too. Both are done even if the caller drops this future after its first poll, or with its runtime busy.
    ///
    /// # Errors
    /// When it is not on the record; `order` says whether `effect` has run all the same.
    pub async fn put_in_force<T: Send + 'static>(
        &self,
        order: Order,
        entry: Entry,
        proof: bool,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(Durable, T), NotRecorded> {
        if let Some(cluster) = self.told_of(&entry) {
            let log = self.log.clone();
            // In a task of its own: it is asked for something before it is in the queue of the log.
            return match order {
                Order::RecordFirst => both(tokio::spawn(shared(log, cluster, entry, proof, effect)).await),
                Order::EffectFirst => {
                    let done = effect();
                    let recorded = both(tokio::spawn(shared(log, cluster, entry, proof, || ())).await);
                    recorded.map(|(durable, ())| (durable, done))
                }
            };
        }
        match order {
            Order::RecordFirst => {
                let ticket = self.log.submit(entry, proof, || true).map_err(NotRecorded::from)?;
                // A task of its own: a caller who gives up between the two would leave something on the record that is
                // not in force.
                let both = tokio::spawn(async move { ticket.await.map(|durable| (durable, effect())) });
                both.await.ok().and_then(Result::ok).ok_or(NotRecorded::NotRecordable)
            }
            Order::EffectFirst => {
                let done = effect();
                let ticket = self.log.submit(entry, proof, || true).map_err(NotRecorded::from)?;
                let durable = ticket.await.map_err(|_| NotRecorded::NotRecordable)?;
                Ok((durable, done))
            }
        }
    }

    /// Records what has no other effect.
    ///
    /// # Errors
    /// When it is not on the record.
    pub async fn record(&self, entry: Entry) -> Result<Durable, NotRecorded> {
        self.record_while(entry, || true).await
    }

    /// Records what has no other effect, if `still` says yes in the queue of the log: it must not block.
    ///
    /// # Errors
    /// When it is not on the record.
    pub async fn record_while(&self, entry: Entry, still: impl FnOnce() -> bool) -> Result<Durable, NotRecorded> {
        let cluster = self.told_of(&entry);
        if let Some(cluster) = &cluster
            && !cluster.reaches().await
        {
            return Err(NotRecorded::NotRecordable);
        }
        let ticket = self.log.submit(entry, false, still).map_err(NotRecorded::from)?;
        let durable = ticket.await.map_err(|_| NotRecorded::NotRecordable)?;
        match cluster {
            Some(cluster) => tell(&cluster, &durable).await.map(|()| durable),
            None => Ok(durable),
        }
    }

    /// Whom other gateways hear it from, where it holds for all of them.
    fn told_of(&self, entry: &Entry) -> Option<Arc<Cluster>> {
        self.cluster.clone().filter(|_| is_shared_entry(entry))
    }
}

/// Records what holds for every gateway, where they can be told of it, puts it in force and tells them.
async fn shared<T>(
    log: Log,
    cluster: Arc<Cluster>,
    entry: Entry,
    proof: bool,
    effect: impl FnOnce() -> T,
) -> Result<(Durable, T), NotRecorded> {
    if !cluster.reaches().await {
        return Err(NotRecorded::NotRecordable);
    }
    let ticket = log.submit(entry, proof, || true).map_err(NotRecorded::from)?;
    let durable = ticket.await.map_err(|_| NotRecorded::NotRecordable)?;
    let done = effect();
    tell(&cluster, &durable).await.map(|()| (durable, done))
}

/// What a task came to; one that was ended came to nothing.
fn both<T, E>(ended: Result<Result<T, NotRecorded>, E>) -> Result<T, NotRecorded> {
    ended.unwrap_or(Err(NotRecorded::NotRecordable))
}

async fn tell(cluster: &Cluster, durable: &Durable) -> Result<(), NotRecorded> {
    let is_told = cluster.tell(durable.index, Arc::clone(&durable.leaf)).await;
    is_told.then_some(()).ok_or(NotRecorded::NotShared)
}

impl From<Unsubmitted> for NotRecorded {
    fn from(unsubmitted: Unsubmitted) -> Self {
        match unsubmitted {
            Unsubmitted::NotRecordable(_) => Self::NotRecordable,
            Unsubmitted::Overtaken(_) => Self::Overtaken,
        }
    }
}

/// A UUIDv7 (RFC 9562 §5.7): milliseconds of now, the rest random.
#[must_use]
pub(crate) fn new_id(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    // Without entropy the id is only less random; whatever needs it for secrecy fails on its own.
    if entropy.fill(&mut random).is_err() {
        tracing::error!("the system gives no randomness");
    }
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use credit_audit::{
        clock::SystemClock,
        leaf::{Event, Flood},
        log::{self, Signer},
    };
    use futures_util::FutureExt;

    use super::*;
    use crate::scratch::Scratch;

    struct Unsigned;

    impl Signer for Unsigned {
        fn sign(&self, _: &[u8]) -> [u8; 64] {
            [0; 64]
        }

        fn public_key(&self) -> [u8; 32] {
            [0; 32]
        }
    }

    fn recorder() -> (Scratch, Log, Recorder) {
        let folder = Scratch::new();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let recovered = log::recover(log::Settings::new(folder.path(), "test"), Arc::clone(&clock)).unwrap();
        let log = recovered.start(Box::new(Unsigned), HashMap::new()).unwrap();
        (folder, log.clone(), Recorder::new(log, clock, None))
    }

    fn entry(recorder: &Recorder) -> Entry {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let flood = Flood { institution: "bank".to_owned(), since: now, counts: [("cut-off".to_owned(), 1)].into() };
        flood.entry(recorder.new_id()).unwrap()
    }

    /// What puts itself in force, and whether it did.
    fn effect() -> (Arc<AtomicBool>, impl FnOnce() + Send + 'static) {
        let in_force = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&in_force);
        (in_force, move || shared.store(true, Ordering::SeqCst))
    }

    #[tokio::test]
    async fn without_a_record_only_what_comes_first_is_in_force() {
        let (_folder, log, recorder) = recorder();
        log.close();
        for (order, then) in [(Order::RecordFirst, false), (Order::EffectFirst, true)] {
            let (in_force, effect) = effect();
            let refused = recorder.put_in_force(order, entry(&recorder), false, effect).await;
            assert_eq!(refused.map(drop), Err(NotRecorded::NotRecordable));
            assert_eq!(in_force.load(Ordering::SeqCst), then, "{order:?}");
        }
        assert_eq!(recorder.record(entry(&recorder)).await.map(drop), Err(NotRecorded::NotRecordable));
        assert_eq!(log.size(), 0);
    }

    #[tokio::test]
    async fn what_was_overtaken_is_not_recorded() {
        let (_folder, log, recorder) = recorder();
        let overtaken = recorder.record_while(entry(&recorder), || false).await;
        assert_eq!(overtaken.map(drop), Err(NotRecorded::Overtaken));
        assert_eq!(recorder.record(entry(&recorder)).await.map(|durable| durable.index), Ok(0));
        log.close();
    }

    #[tokio::test]
    async fn both_are_done_although_the_caller_gives_up() {
        let (_folder, log, recorder) = recorder();
        for (order, size) in [(Order::RecordFirst, 1), (Order::EffectFirst, 2)] {
            let (in_force, effect) = effect();
            let asked = recorder.put_in_force(order, entry(&recorder), false, effect);
            assert!(asked.now_or_never().is_none(), "{order:?}: it takes a moment to be durable");
            tokio::time::timeout(Duration::from_secs(10), async {
                while log.size() < size || !in_force.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
            .await
            .unwrap();
        }
        log.close();
    }
}
