//! The gateway: the journey of a query, its doors, callers, stores, state and limits, and the `credit-gateway` command.
//!
//! Begin with `journey/mod.rs`, which is the program: the stages in their order, each handing on a proof that only it can
//! make. `ARCHITECTURE.md` has the map. `process/start.rs` puts a gateway together, `process/serve.rs` opens its doors.
//!
//! What is deliberately not here: a rule of law (they are data and code of `credit-policy`), a key (`credit-keys`), the
//! log's format and its threads (`credit-audit`), an administrator's way around the record, a cache of answers, a query
//! by name.
//!
//! The crate's surface is [`run`]. What tests must name beside it stands in `for_tests`.

mod callers;
mod changes;
mod cluster;
mod commands;
mod copies;
#[cfg(feature = "demo")]
mod demo;
mod doors;
#[doc(hidden)]
pub mod for_tests;
mod gateway;
mod index;
mod journey;
mod keyring;
mod objects;
mod process;
mod recorder;
mod rules;
#[cfg(test)]
mod scratch;
mod settings;
mod state;
mod stores;
mod telemetry;
mod terminal;
mod transport;

pub use commands::run;
