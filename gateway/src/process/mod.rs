//! The life of the process: from settings to a gateway that can serve, its ports and upkeep, and the way down.

mod drain;
pub(crate) mod hardening;
mod issuer_keys;
pub(crate) mod revocations;
pub(crate) mod serve;
mod snapshots;
pub(crate) mod start;
mod upkeep;

/// Threads that serve: one a core that this process may use.
#[must_use]
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
