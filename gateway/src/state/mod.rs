//! What the gateway remembers between queries: look-ups a case, a person and a day, uses and withdrawals of consents,
//! idempotency keys; and what the log says of register, catalogues and keys. All of it is a projection of the log.
//!
//! Begin with [`Counts`], the port that a query asks, and `projection.rs`, the one function that says what a leaf means.
//! It does not decide what the limits are, records nothing, and knows no person: only keyed digests.

pub(crate) mod about;
pub(crate) mod appointments;
pub(crate) mod approvals;
pub(crate) mod bound_ids;
pub(crate) mod bundles;
pub(crate) mod carried;
mod cases;
mod catalogue_history;
mod claim;
mod consent;
mod counts;
mod day;
pub(crate) mod elsewhere;
pub(crate) mod emergencies;
mod idempotency;
mod key;
pub(crate) mod ledger;
pub(crate) mod mandates;
mod memory;
pub(crate) mod moved;
mod not_approved;
pub(crate) mod open_cases;
pub(crate) mod other_logs;
mod pending;
pub(crate) mod projection;
#[cfg(test)]
mod random_log;
pub(crate) mod snapshot;
pub(crate) mod standing;
mod table;
pub(crate) mod usage;
pub(crate) mod visits;

pub(crate) use catalogue_history::CatalogueHistory;
pub use claim::{Claim, ConsentClaim, ConsentUse, IdempotencyClaim, IdempotencyEntry, Limits, Refused, RepeatWindow};
pub use counts::{Counts, Reservation, Settlement};
pub(crate) use key::{Key, NoKey, consent_key, key};
pub(crate) use projection::FoldError;
