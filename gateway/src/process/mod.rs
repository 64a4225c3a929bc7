//! The life of the process: from settings to a gateway that can serve, its ports and upkeep, and the way down.

mod drain;
pub mod hardening;
pub mod revocations;
pub mod serve;
mod snapshots;
pub mod start;
mod upkeep;

/// Threads that serve: one a core that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
