//! The life of the process: from settings to a gateway that can serve, its ports and upkeep, and the way down.

mod drain;
pub(crate) mod hardening;
mod issuer_keys;
mod listing;
mod loading;
mod objects;
mod replicas;
pub(crate) mod revocations;
pub(crate) mod serve;
mod snapshots;
pub(crate) mod start;
mod upkeep;
mod witnesses;

use credit_audit::log::Log;

/// Threads that serve: one a core that this process may use.
#[must_use]
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// After so many steps of tasks a thread looks for what the network brought; and every other step is one of a task that
/// another thread woke, as the log and the store do. tokio's own figures, 61 and 31, are for tasks that take microseconds: here
/// one step may be a handshake, and with a thousand tasks under way each answer of the log waited for thirty of them.
const STEPS_BETWEEN_LOOKS: u32 = 8;
const STEPS_BETWEEN_THREADS: u32 = 2;

/// A runtime for one thread that serves.
///
/// # Errors
/// When the system gives none.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    builder().build()
}

fn builder() -> tokio::runtime::Builder {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().event_interval(STEPS_BETWEEN_LOOKS).global_queue_interval(STEPS_BETWEEN_THREADS);
    builder
}

/// A runtime for a thread that answers institutions: the log hears when it has nothing to do.
fn serving_runtime(log: &Log) -> std::io::Result<tokio::runtime::Runtime> {
    let (idle, busy) = (log.clone(), log.clone());
    let runtime =
        builder().on_thread_park(move || idle.server_idle()).on_thread_unpark(move || busy.server_busy()).build()?;
    log.add_server();
    Ok(runtime)
}
