//! The data keys that all who count together have, at a start: taken before the keys in force are compared with those of the others.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use credit_audit::clock::Clock;
use credit_keys::{ChangeError, KeyId, Ring, SystemEntropy};
use jiff::Timestamp;

use super::error::StartError;
use crate::{
    cluster::{self, Rings, Shared, StateFault},
    process::replicas::Counted,
    settings::Settings,
};

/// A ring that no gateway has in use yet.
pub(super) struct AtStart {
    ring: Mutex<Ring>,
    destroyed: BTreeSet<KeyId>,
    clock: Arc<dyn Clock>,
}

impl AtStart {
    /// With the keys of which the log says that something was destroyed.
    pub(super) fn of(ring: Ring, destroyed: BTreeSet<KeyId>, clock: &Arc<dyn Clock>) -> Arc<dyn Rings> {
        Self::new(ring, destroyed, clock)
    }

    fn new(ring: Ring, destroyed: BTreeSet<KeyId>, clock: &Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { ring: Mutex::new(ring), destroyed, clock: Arc::clone(clock) })
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings for AtStart {
    fn peek(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) {
        use_(&self.lock(), &self.destroyed);
    }

    fn lend(&self, use_: &mut dyn FnMut(&Ring, &BTreeSet<KeyId>)) -> Result<(), ChangeError> {
        self.peek(use_);
        Ok(())
    }

    fn take(&self, id: &KeyId, text: &str) -> Result<(), ChangeError> {
        self.lock().take_handed(id, text, &SystemEntropy::new()).map(drop)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A ring with the data keys that all who count together have: it takes what it lacks, and gives what is missing there.
///
/// # Errors
/// Why it could not, or that it is not the ring of the others. A key that is needed now and cannot be had is one of these.
pub(super) async fn with_keys_of_all(
    settings: &Settings,
    (ring, destroyed): (Ring, &BTreeSet<KeyId>),
    counted: &Counted<'_>,
    clock: &Arc<dyn Clock>,
) -> Result<Ring, StartError> {
    let Some(state) = &settings.state else { return Ok(ring) };
    let rings = AtStart::new(ring, destroyed.clone(), clock);
    let lent: Arc<dyn Rings> = Arc::clone(&rings) as _;
    let shared = cluster::share_keys(state, &counted.own(settings, None), &lent).await?;
    drop(lent);
    let ring =
        Arc::into_inner(rings).ok_or(StateFault::Late)?.ring.into_inner().unwrap_or_else(PoisonError::into_inner);
    may_start(shared, ring.of_month(clock.now()).1)?;
    Ok(ring)
}

/// The same as far as it can be told without writing anything.
///
/// # Errors
/// As there.
pub(super) async fn examine(
    settings: &Settings,
    (ring, destroyed): (Ring, BTreeSet<KeyId>),
    counted: &Counted<'_>,
    clock: &Arc<dyn Clock>,
) -> Result<(), StartError> {
    let Some(state) = &settings.state else { return Ok(()) };
    let has = ring.of_month(clock.now()).1;
    let rings = AtStart::of(ring, destroyed, clock);
    let shared = cluster::examine_keys(state, &counted.own(settings, None), &rings).await?;
    may_start(shared, has)
}

/// What is there and is not used keeps from starting whoever lacks it now, or has another ring; the others say so, and go on.
fn may_start(Shared { faults, other_ring, .. }: Shared, has_key: bool) -> Result<(), StartError> {
    for fault in &faults {
        tracing::error!(cause = %fault, "a data key in the shared state is not used");
    }
    match other_ring.or(faults.into_iter().next().filter(|_| !has_key)) {
        Some(fault) => Err(StateFault::Handed(fault).into()),
        None => Ok(()),
    }
}
