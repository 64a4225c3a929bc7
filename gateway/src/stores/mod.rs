//! The data stores behind the gateway.
//!
//! Begin with [`contract`]: what a store promises. [`all`] asks those that have what a plan needs, side by side.
//!
//! [`sqlite`] is the embedded store: look-ups and the threads that answer them. They never read the operator's file:
//! [`watch`] takes a private copy of it ([`copy`]) whenever it has changed and was left alone, checks the copy
//! ([`examine`]) and hands it on.

pub(crate) mod all;
mod breaker;
mod chinese;
pub(crate) mod contract;
pub(crate) mod copy;
pub(crate) mod delimited;
pub(crate) mod examine;
mod fault;
pub(crate) mod figures;
pub(crate) mod layout;
mod progress;
mod rows;
pub(crate) mod sqlite;
mod stamp;
mod unlawful;
mod values;
mod watch;

pub(crate) use fault::{StoreError, StoreFault};
pub(crate) use layout::SCHEMA;
