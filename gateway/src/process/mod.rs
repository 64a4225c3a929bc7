//! The life of the process: from settings to a gateway that can serve, its ports and upkeep, and the way down.

pub mod hardening;
pub mod revocations;
pub mod serve;
mod snapshots;
pub mod start;
