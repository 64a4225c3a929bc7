//! The doors of the gateway (formats.md §1): who may come in where, and what a request becomes.

pub mod accept;
pub mod auditors;
pub mod ends;
pub mod files;
pub mod frames;
pub mod handshakes;
pub mod head;
pub mod institutions;
pub mod late_end;
pub mod operations;
pub mod patient;
pub mod public;
pub mod tls;

/// The body of every reply: whole and in memory, so that nothing leaves before all of it is recorded.
pub type Body = http_body_util::Full<hyper::body::Bytes>;
