//! Bytes: accepting connections, TLS, guards before HTTP, bodies. Knows no institution's business and no query.

pub mod aborts;
pub mod accept;
pub mod body;
pub mod delayed_eof;
pub mod handshakes;
pub mod http1_guard;
pub mod http2_guard;
pub mod tls;
pub mod write_timeout;

/// The body of every reply: whole and in memory, so that nothing leaves before all of it is recorded.
pub type Body = http_body_util::Full<hyper::body::Bytes>;
