//! The gateway: the journey of a query, its listeners, stores, state and limits, and the `credit-gateway` command.
//!
//! Begin with [`journey`](journey::journey), which is the program: the stages under [`stages`] in their order, each
//! handing on a proof that only it can make. `ARCHITECTURE.md` has the map. [`start::open`] puts a gateway together,
//! [`serve::serve`] opens its doors.
//!
//! What is deliberately not here: a rule of law (they are data and code of `credit-policy`), a key (`credit-keys`), the
//! log's format and its threads (`credit-audit`), an administrator's way around the record, a cache of answers, a query
//! by name.

pub mod admin;
pub mod body;
pub mod commands;
pub mod demo;
pub mod draft;
pub mod flood;
pub mod fold;
pub mod gateway;
pub mod in_force;
pub mod issuers;
pub mod journey;
pub mod keyring;
pub mod limits;
pub mod listeners;
pub mod metrics;
pub mod process;
pub mod refusal;
pub mod register;
pub mod revocations;
pub mod sealed;
pub mod serve;
pub mod settings;
pub mod snapshot;
pub mod speech;
pub mod stages;
pub mod start;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod trust;
