//! The data stores behind the gateway.
//!
//! Begin with [`contract`]: what a store promises. [`all`] asks those that have what a plan needs, side by side.
//!
//! [`http`] is a store behind HTTP and JSON. [`sqlite`] is the embedded store: look-ups and the threads that answer them. They never read the operator's file:
//! [`watch`] takes a private copy of it ([`copy`]) whenever it has changed and was left alone, checks the copy
//! ([`examine`]) and hands it on. [`postgres`] is a database that others run. [`routes`] stand before the interface of a store
//! behind HTTP: its own answers, reduced.

pub(crate) mod all;
mod at_hand;
mod breaker;
mod chinese;
pub(crate) mod content;
pub(crate) mod contract;
pub(crate) mod copy;
pub(crate) mod copy_fault;
pub(crate) mod delimited;
pub(crate) mod examine;
mod fault;
pub(crate) mod figures;
pub(crate) mod http;
pub(crate) mod layout;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "stores of other kinds read more of a map"))]
pub(crate) mod map;
pub(crate) mod mapped;
mod mapped_look_up;
mod people;
pub(crate) mod postgres;
mod progress;
pub(crate) mod reread;
pub(crate) mod routes;
mod rows;
pub(crate) mod sqlite;
mod stamp;
pub(crate) mod tls;
pub(crate) mod together;
pub(crate) mod unlawful;
mod values;
mod watch;
pub(crate) mod workbook;

pub(crate) use fault::{StoreError, StoreFault};
pub(crate) use layout::SCHEMA;
