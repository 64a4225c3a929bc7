//! The data stores behind the gateway.
//!
//! Begin with [`contract`]: what a store promises. [`all`] asks those that have what a plan needs, side by side.
//!
//! [`http`] is a store behind HTTP and JSON. [`sqlite`] is the embedded store: look-ups and the threads that answer them. They never read the operator's file:
//! [`watch`] takes a private copy of it ([`copy`]) whenever it has changed and was left alone, checks the copy
//! ([`examine`]) and hands it on. [`postgres`] is a database that others run.

pub(crate) mod all;
mod breaker;
mod chinese;
pub(crate) mod contract;
pub(crate) mod copy;
pub(crate) mod delimited;
pub(crate) mod examine;
mod fault;
pub(crate) mod figures;
pub(crate) mod http;
pub(crate) mod layout;
#[expect(dead_code, reason = "no store that is asked by a map is here yet")]
#[cfg_attr(not(test), expect(unused_imports, reason = "as above"))]
pub(crate) mod map;
pub(crate) mod postgres;
mod progress;
mod rows;
pub(crate) mod sqlite;
mod stamp;
mod tls;
mod values;
mod watch;

pub(crate) use fault::{StoreError, StoreFault};
pub(crate) use layout::SCHEMA;
