//! The gateway: the journey of a query, its listeners, stores, state and limits, and the `credit-gateway` command.
//!
//! Begin with [`journey`](journey::journey), which is the program: the stages under [`stages`] in their order, each
//! handing on a proof that only it can make. `ARCHITECTURE.md` has the map. [`start::open`] puts a gateway together,
//! [`serve::serve`] opens its doors.
//!
//! What is deliberately not here: a rule of law (they are data and code of `credit-policy`), a key (`credit-keys`), the
//! log's format and its threads (`credit-audit`), an administrator's way around the record, a cache of answers, a query
//! by name.

pub mod callers;
pub mod changes;
pub mod commands;
#[cfg(feature = "demo")]
pub mod demo;
pub mod doors;
pub mod gateway;
pub mod journey;
pub mod keyring;
pub mod process;
pub mod recorder;
#[cfg(test)]
mod scratch;
pub mod settings;
pub mod state;
pub mod stores;
pub mod telemetry;
pub mod terminal;
pub mod transport;
