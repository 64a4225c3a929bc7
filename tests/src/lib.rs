//! The harness of the tests of the whole: a demo folder, a gateway process, callers, the log on disk.
//!
//! Begin with [`Folder`] (a copy of one ready-made demo folder, with ports of its own), then [`Gateway`] (a process that
//! serves it), [`Caller`] (one of the demo's certificates over real TLS) and [`Leaf`] (what stands in the log's files).
//! The tests are in `tests/whole/`, one binary with modules.
//!
//! It builds nothing: the binaries are those beside the test's own ([`binaries`]). What it starts it ends, by its process
//! id, and what it writes it removes, also when the test process is killed ([`scratch`]). Helpers panic where a test
//! would: what they expect is part of what is tested.

pub mod arguments;
mod authority;
pub mod binaries;
pub mod checked;
mod client;
mod command;
pub mod copies;
mod ends;
mod folder;
pub mod fuzz;
mod leaves;
pub mod patroni;
mod persons;
mod plain;
mod ports;
pub mod postgres;
mod process;
mod program;
pub mod query;
pub mod relay;
pub mod s3;
pub mod scratch;
mod table;
pub mod tools;
pub mod wire;

pub use authority::{Authority, Wish};
pub use client::{Broken, Caller, Connection, Reply, Tls, parse_reply, request, run};
pub use command::{Ended, audit, command, command_reading, gateway, of_any_day, sh};
pub use ends::Ends;
pub use folder::Folder;
pub use leaves::Leaf;
pub use persons::{Person, persons, stranger};
pub use plain::{metric, plain, readiness};
pub use ports::ports;
pub use process::{Gateway, Heard, shared};
pub use program::Program;
pub use table::{each, figures};
