//! A log's way into the shared state, and out of it: the gateway is stopped meanwhile.

use std::{io, sync::Arc};

use credit_audit::{clock::Clock, log};

use super::{
    carry,
    error::StartError,
    inputs::Inputs,
    keys::{check_ring, destroyed, open_ring},
    project,
    record::log_settings,
    shared_keys::AtStart,
    together::Beside,
};
use crate::{
    cluster::{self, Coming, Done, MoveFault, OwnKeys, StateFault},
    keyring::{keys_digest, shared_by_all},
    process::replicas::Counted,
    settings::{Settings, SharedState},
    state::moved::Moved,
};

/// What was moved.
pub(crate) struct Moving {
    /// Whether it was done now, and how many acts.
    pub(crate) done: Done,
    /// Counts of look-ups.
    pub(crate) counts: usize,
    /// Uses of consents.
    pub(crate) uses: usize,
    /// Idempotency keys.
    pub(crate) keys: usize,
}

/// Moves what this gateway's log counted into the shared state of the configuration. The log is locked meanwhile, and nothing in it
/// changes.
///
/// # Errors
/// Why it was not moved.
pub(crate) async fn join(
    settings: &Settings,
    inputs: &Inputs,
    clock: &Arc<dyn Clock>,
    coming: Coming,
) -> Result<Moving, StartError> {
    let (state, now) = (shared(settings)?, clock.now());
    let recovered = log::recover(log_settings(settings), Arc::clone(clock))?;
    let log = recovered.contents();
    let projection = project::project(settings, &inputs.catalogue, Some(log))?;
    check_ring(&inputs.ring.status(now), &projection.ledger.keys)?;
    let has_answered = !projection.ledger.seqs.is_empty();
    let continues = settings.log.continues.as_deref().filter(|_| !has_answered && !projection.ledger.sealed);
    if let Some(path) = continues {
        let before = carry::read(path, &settings.log.origin, &inputs.ring, &inputs.catalogue, now)?;
        return Err(StateFault::CountedAlone(before.previous.origin).into());
    }
    let keys = inputs.ring.state_key(now).ok().zip(inputs.ring.sealer(now, &settings.log.origin).ok());
    let digest = keys.map(|(state, sealer)| keys_digest(&state, &sealer));
    let keys = digest.map(|digest| OwnKeys { digest, shared: Arc::new(shared_by_all(&inputs.ring, now)), now });
    let own = Counted::of(&projection.ledger, None).own(settings, keys);
    let moved = Moved::of(&projection.usage, now);
    let leaves = log.leaves(0).map(|read| read.map_err(io::Error::other));
    let rings = AtStart::of(open_ring(settings)?, destroyed(&projection.ledger.keys), clock);
    let (counts, uses, keys) = (moved.counts.len(), moved.uses.len(), moved.firsts.len());
    let leaves = (leaves, log.size());
    let done = cluster::join(state, (&own, &rings, coming), moved, leaves, &Beside::of(settings)).await?;
    Ok(Moving { done, counts, uses, keys })
}

/// Takes this gateway's log out of the shared state of the configuration, where nobody else counted.
///
/// # Errors
/// Why it was not.
pub(crate) async fn leave(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Done, StartError> {
    let state = shared(settings)?;
    let locked = log::recover(log_settings(settings), Arc::clone(clock))?;
    let own =
        Counted { has_answered: true, leaves: locked.size(), is_running: false, before: None }.own(settings, None);
    Ok(cluster::leave(state, &own, &Beside::of(settings)).await?)
}

fn shared(settings: &Settings) -> Result<&SharedState, StartError> {
    settings.state.as_ref().ok_or(StartError::Moving(MoveFault::NoState))
}
