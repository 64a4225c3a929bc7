//! The published log in an S3-compatible store as well.
//!
//! [`Client`] puts and reads single objects: conditional, signed ([`signature`]) with credentials that are read from a file
//! ([`credentials`]), and locked where the configuration says so. [`Published`] is the log's own folder, which is what counts.
//! [`Copying`] is one round of making the store like it: what is new is put and read again, some of what was put before is
//! compared, and what is missing or other there is put again; then the checkpoint is replaced. It keeps nothing between rounds:
//! how far the store is says the checkpoint in it. `copy.rs` has what the commands do with all objects.
//!
//! The store is believed in nothing. A locked object can still be covered by a later version, so whatever is read is compared with
//! the log; a checkpoint that this log does not continue stops everything. No query waits for any of this.

mod client;
mod copy;
mod credentials;
mod fault;
mod published;
mod round;
mod signature;

pub(crate) use client::Client;
pub(crate) use copy::{compare, fetch, repair};
pub(crate) use fault::ObjectFault;
pub(crate) use published::Published;
pub(crate) use round::{Copying, Found};
