//! What several gateways of one operator (replicas) have in common, in PostgreSQL: counts and uses ([`tally`], [`batch`]), and the
//! acts that each must know ([`acts`]), of which each keeps what they amount to ([`heard`]), the keys of months and rotations
//! ([`keys`], [`rings`]), who visits the persons' door ([`visits`]), and which data
//! folder each log is of ([`owner`]).
//!
//! Each keeps a log of its own. What it reserves for a query counts for all at once, in one transaction for many queries; what it
//! records as an act is given to the others. **A write counts when a synchronous standby has it**, which is looked at after
//! each commit ([`link`]); until then, and after any doubt, the answer is `state-unavailable`, and what was reserved stays
//! reserved until it is settled. A gateway that has not heard from the database for 800 ms refuses, since it cannot know what
//! was withdrawn or suspended meanwhile.
//!
//! One thread with a runtime of its own does all of it. What the others see of that thread stands in [`handle`].

mod acts;
mod batch;
mod beat;
mod before;
mod books;
mod fault;
mod handing;
mod handle;
mod heard;
mod keys;
mod lending;
mod link;
mod moving;
mod owner;
mod pace;
mod rings;
mod rounds;
mod rows;
mod settled;
mod statements;
mod tables;
mod tally;
mod telling;
mod visits;
mod waiting;

use std::sync::Arc;

use tokio::sync::oneshot;

pub(crate) use acts::{Act, is_shared, is_shared_entry, is_shared_kind};
pub(crate) use fault::StateFault;
pub(crate) use handing::{KeysFault, Rings};
pub(crate) use handle::{Cluster, Ends, Looked, Own, Process, Replica};
pub(crate) use keys::{Listed, Shared};
pub(crate) use lending::{RatesFault, check_files};
pub(crate) use moving::{Coming, Done, MoveFault, Note, Notes, join, leave};
pub(crate) use rings::OwnKeys;

use crate::settings::SharedState;
use heard::Heard;
use link::Server;

/// The tables in PostgreSQL.
pub const SCHEMA: &str = include_str!("schema.sql");

/// Makes sure that there is a state to count in, as a start or a check needs it.
///
/// # Errors
/// [`StateFault`].
pub(crate) async fn examine(settings: &SharedState, own: &Own) -> Result<(), StateFault> {
    let server = Server::new(settings)?;
    let Err(fault) = beat::Beats::open(&server, own).await else { return Ok(()) };
    let StateFault::Lacks { key, .. } = &fault else { return Err(fault) };
    // A start takes it.
    let beats = beat::Beats::open(&server, &Own { keys: None, ..own.clone() }).await?;
    if beats.hands_out(key).await? { Ok(()) } else { Err(fault) }
}

/// What is handed out there, for whoever asks.
///
/// # Errors
/// [`KeysFault`].
pub(crate) async fn handed_out(settings: &SharedState) -> Result<Vec<Listed>, KeysFault> {
    keys::listed(&Server::new(settings)?).await
}

/// Takes the data keys that this gateway's ring lacks, and gives those that are missing there: for a start, before its keys are
/// compared with those of the others.
///
/// # Errors
/// [`KeysFault`].
pub(crate) async fn share_keys(settings: &SharedState, own: &Own, rings: &Arc<dyn Rings>) -> Result<Shared, KeysFault> {
    let server = Server::new(settings)?;
    let beats = beat::Beats::open(&server, own).await?;
    keys::share(beats.link(), &own.origin, rings, 2 * server.timeout()).await
}

/// The same as far as it can be told without writing anything.
///
/// # Errors
/// [`KeysFault`].
pub(crate) async fn examine_keys(
    settings: &SharedState,
    own: &Own,
    rings: &Arc<dyn Rings>,
) -> Result<Shared, KeysFault> {
    let beats = beat::Beats::open(&Server::new(settings)?, own).await?;
    keys::look(&beats.link().client, rings).await
}

/// What officers decided at all gateways, as far as that is known there: for a start, which loads by it.
///
/// # Errors
/// [`StateFault`].
pub(crate) async fn decided(settings: &SharedState, own: &Own) -> Result<Vec<Act>, StateFault> {
    let server = Server::new(settings)?;
    let beats = beat::Beats::open(&server, own).await?;
    let before = match Heard::at_hand(&own.folder, &own.origin) {
        Some(heard) if beats.has(&heard).await? => heard,
        Some(_) | None => Heard::default(),
    };
    let mut acts: Vec<Act> = before.decided().collect();
    acts.extend(beats.decided(&server, before.until).await?);
    Ok(acts)
}

/// Counts and hears until the process ends: the thread's work. The first round is made before anything else, and `ready` hears
/// what came of it.
pub(crate) async fn run(
    cluster: Arc<Cluster>,
    ends: Ends,
    own: Own,
    process: Arc<dyn Process>,
    ready: oneshot::Sender<Result<(), StateFault>>,
) {
    let Ends { books, acts, keys, visits, server, rates } = ends;
    let whose = (Arc::clone(&cluster), own.clone());
    let counting = books::keep(server.clone(), whose, books, Arc::clone(&process), Arc::clone(&cluster.clock));
    let lending = async {
        if let Some((settings, lender)) = rates {
            lending::lend(settings, lender, Arc::clone(&process)).await;
        }
    };
    let rings: Arc<dyn Rings> = Arc::clone(&process) as _;
    let sharing = keys::keep(Arc::clone(&cluster), server.clone(), own.origin.clone(), keys, rings);
    let visiting = visits::keep(Arc::clone(&cluster), server.clone(), visits);
    let hearing = rounds::keep(cluster, server, own, acts, Arc::clone(&process), ready);
    futures_util::future::join5(counting, hearing, lending, sharing, visiting).await;
}
