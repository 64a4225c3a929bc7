//! Ends of connections that have no answer: an institution that floods is cut off, and a caller who never got to a whole
//! head is counted.

use std::{error::Error as _, io, sync::Arc};

use credit_policy::Code;
use tokio::sync::Notify;

/// Nothing is answered, and the connection ends: its institution floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the institution floods: its connection is closed")]
pub(crate) struct Aborted;

/// Between a connection and its service, which can end it. HTTP/1.1 ends by the service's error alone; HTTP/2 would only
/// reset the stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abort(Arc<Notify>);

impl Abort {
    /// Ends the connection now, whatever else is under way on it.
    pub(crate) fn off(&self) {
        self.0.notify_one();
    }

    /// Waits until somebody ends it.
    pub(super) async fn is_off(&self) {
        self.0.notified().await;
    }
}

/// What a connection brought instead of a whole head, as the code that it stands for; nothing where the caller only went
/// away.
#[must_use]
pub(super) fn instead_of_a_head(error: &hyper::Error) -> Option<Code> {
    if error.is_parse_too_large() {
        return Some(Code::HeadersTooLarge);
    }
    if error.is_parse() {
        return Some(Code::MalformedRequest);
    }
    // The gate's deadline for a head that has begun.
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.filter(|cause| cause.kind() == io::ErrorKind::TimedOut).map(|_| Code::RequestTimeout)
}
