//! The writing side of the log: write-ahead log, group commit, publication, receipts, recovery.
//!
//! **Truth** is the write-ahead log, `<data>/wal/<first index>.seg` (`wal/frame.rs` describes its bytes). An entry that
//! was [submitted](Log::submit) waits in a queue; the one writer takes everything that waits as a batch, gives each
//! leaf its index, `at` and `seq`, writes all with one write and one `fdatasync`, and then resolves the tickets. Tiles,
//! bundles and checkpoint in `<data>/log` are derived from it by the publisher; a prover signs at once for those who
//! asked for the whole proof. Four threads: writer, publisher, prover, and one that keeps the next segment reserved; and a few for
//! some milliseconds where files are synced side by side (`disk/beside.rs`).
//!
//! **What must never be**: a ticket resolved before its batch is durable; a signature above what is durable or above
//! what the rollback guard remembers; a write tried again after a failed sync; a lock held across the writer's I/O.
//!
//! Begin with `threads/writer.rs`, whose commit says what is true if we crash at each point; then `threads/publisher.rs` and
//! `open/recover.rs`, which does the same steps from the other side.
//!
//! `release.rs` removes segments whose leaves are published, when the caller says so.
//!
//! `let_go.rs` removes bundles that two officers let go; their hashes stay, and what is in force of them (`crate::pruned`).
//!
//! With `Settings::copies` a leaf counts once a second copy of the write-ahead log has it, at whoever keeps that (`wal/copied.rs`,
//! `publish/copy_folder.rs`); `open/restore.rs` takes a log over from there, and `open/prune_copy.rs` takes out of it what is published.
//!
//! What it does not do: decide what may go, compress, connect to anybody, or keep an index. A leaf is found by its id's time (`read/lookup.rs`).

pub(crate) mod disk;
mod error;
mod handle;
mod let_go;
mod metrics;
mod open;
mod publish;
mod read;
mod recordability;
mod release;
mod settings;
mod submit;
#[cfg(test)]
mod tests;
mod threads;
mod tree;
mod wal;

pub use disk::copies::{Copies, Copying, Reached};
pub use disk::failure::{Report, Stop};
pub use error::{
    Damaged, LookupError, NotRecordable, RecoverError, ReleaseError, RestoreError, StartError, Unsubmitted,
};
pub use handle::Log;
pub use metrics::{Histogram, Metrics};
pub use open::prune_copy::prune_copy;
pub use open::recover::{Contents, Examined, Recovered, examine, recover};
pub use open::restore::{Restored, restore};
pub use publish::checkpoint_signer::Signer;
pub use publish::copy_folder::CopyFolder;
pub use read::leaf_reader::LeafReader;
pub use read::lookup::Lookup;
pub use read::paths::Paths;
pub use read::scrub::Scrubbed;
pub use recordability::Cause;
pub use release::Released;
pub use settings::Settings;
pub use submit::durable::Durable;
pub use submit::ticket::Ticket;
pub use threads::shared::SLOW;
pub(crate) use tree::frontier::Frontier;
