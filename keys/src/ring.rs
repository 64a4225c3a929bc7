//! The key ring: every key of the gateway, its life, and its file.
//!
//! A ring belongs to one process; what serves queries takes snapshots ([`Pseudonyms`](crate::Pseudonyms),
//! [`Sealer`](crate::Sealer), [`StateKey`](crate::StateKey), [`LogSigner`](crate::LogSigner)) and never touches the ring.

mod ahead;
mod at_rest;
mod change;
mod entry;
mod error;
mod file;
mod fingerprint;
mod handed;
mod snapshots;
#[cfg(test)]
mod tests;
mod turn;

pub use ahead::{About, Ahead};
pub use at_rest::Ring;
pub use change::{Rotation, Turn};
pub use entry::{Ends, KeyState, KeyStatus};
pub use error::{ChangeError, HandedError, KeyError, RingError};
pub use handed::Handed;
pub use snapshots::Steady;
pub use turn::DEFAULT_OVERLAP_DAYS;
