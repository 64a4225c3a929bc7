//! Bytes: accepting connections, TLS, guards before HTTP, bodies. Knows no institution's business and no query.

pub(crate) mod aborts;
pub(crate) mod accept;
pub(crate) mod alarm;
pub(crate) mod body;
pub(crate) mod delayed_eof;
pub(crate) mod failed_handshakes;
pub(crate) mod head;
mod http1;
pub(crate) mod http1_guard;
mod http2;
pub(crate) mod http2_guard;
pub(crate) mod incoming;
pub(crate) mod kept;
pub(crate) mod lines;
pub(crate) mod listener;
pub(crate) mod places;
mod resting;
pub(crate) mod tls;
pub(crate) mod turns;
pub(crate) mod write_timeout;

/// The body of a reply: whole and in memory, so that nothing leaves before all of it is recorded; or lines, each of which
/// is recorded before it is put in.
pub type Body = http_body_util::Either<http_body_util::Full<hyper::body::Bytes>, lines::Lines>;

/// A body that is whole.
pub(crate) fn whole(bytes: impl Into<hyper::body::Bytes>) -> Body {
    http_body_util::Either::Left(http_body_util::Full::new(bytes.into()))
}
