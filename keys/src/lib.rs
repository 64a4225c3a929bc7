//! The keys of the gateway: secrets, the ring that keeps them, and what is made with them.
//!
//! For the key custodian. Begin with [`Ring`]: it makes, opens, turns and destroys keys. What serves queries takes
//! snapshots of it: [`Pseudonyms`] for what an institution sees in place of a citizen number, [`Sealer`] for the
//! personal part of a record, [`StateKey`] for the gateway's own state, [`LogSigner`] for the log's checkpoints. How
//! each is written is said at the top of its module; [`frame`] is the rule for every hash and MAC.
//!
//! What this crate deliberately does not do: it opens no connection, knows neither HTTP nor stores, reads no clock and
//! asks for randomness only through [`Entropy`]. It keeps no key that it can do without, gives no key out, and has
//! no way to read a pseudonym back into a citizen number. It makes no unkeyed hash of anything personal. Not yet:
//! keys in a hardware module, the national suite.

mod base32;
mod data_key;
mod entropy;
mod folder;
pub mod frame;
mod id;
mod index_key;
mod kek;
mod kept;
mod mac;
mod pseudonym;
mod ring;
#[cfg(test)]
mod scratch;
mod seal;
mod secret;
mod signer;
mod state;
mod tree;

pub use entropy::{Entropy, EntropyError, StoredEntropy, SystemEntropy};
pub use folder::FileError;
pub use id::{KeyId, KeyIdError, KeyUse};
pub use index_key::IndexKey;
pub use kek::{Kek, KekError};
pub use mac::answer_commitment;
pub use pseudonym::{Issued, Pseudonym, Pseudonyms, Traced};
pub use ring::{
    About, Ahead, ChangeError, DEFAULT_OVERLAP_DAYS, Ends, Handed, HandedError, KeyError, KeyState, KeyStatus, Ring,
    RingError, Rotation, Steady, Turn,
};
pub use seal::{Person, SealError, Sealed, SealedBytes, Sealer, SubjectTagger, UnsealError};
pub use secret::Secret;
pub use signer::LogSigner;
pub use state::{RecordId, RecordName, StateDigest, StateKey};
