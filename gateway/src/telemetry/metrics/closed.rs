//! Connections that were closed early, by cause.

use prometheus::{IntCounter, IntCounterVec};

/// A counter for each cause.
#[derive(Clone)]
pub struct Closed {
    /// The handshake failed, or did not end; by cause.
    pub handshakes: IntCounterVec,
    /// There were too many already, of the caller or in all.
    pub too_many: IntCounter,
    /// The certificate is trusted no more.
    pub revoked: IntCounter,
    /// The caller did not take what was written, or left a stream open for too long.
    pub stalled: IntCounter,
    /// The caller sent too many frames that ask for nothing.
    pub flooding: IntCounter,
}

impl Closed {
    pub(super) fn new(handshakes: IntCounterVec, connections: &IntCounterVec) -> Self {
        let why = |why: &str| connections.with_label_values(&[why]);
        Self {
            handshakes,
            too_many: why("too-many"),
            revoked: why("revoked"),
            stalled: why("stalled"),
            flooding: why("flooding"),
        }
    }
}
