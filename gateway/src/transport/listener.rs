//! What a listener is: its bounds, its counters, and whom it trusts.

use std::{sync::Arc, time::Duration};

use credit_audit::clock::Clock;
use rustls::ServerConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{
    failed_handshakes::FailedHandshakes,
    places::{Place, Places},
    turns::Whose,
};
use crate::{
    callers::{
        flood::Unrecorded,
        thumbprint::Thumbprint,
        trust::{CertificateStatus, Trust},
    },
    settings::Bounds,
    telemetry::metrics::Closed,
};

/// What a listener needs to know of its bounds; shared by the tasks of its connections.
pub(crate) struct ListenerConfig {
    /// TLS, or plain for the listeners that are public or on loopback.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whose certificates are trusted, where callers must show one.
    pub trust: Option<Arc<Trust>>,
    /// Open connections.
    pub connections: Arc<Semaphore>,
    /// How many there may be.
    pub most_connections: usize,
    /// Connections that are not open yet.
    pub handshakes: Arc<Places>,
    /// Places of those that are open, where one too many ends another; none where each caller has a bound of its own.
    pub open: Option<Arc<Places>>,
    /// Time for the handshake.
    pub handshake: Duration,
    /// Time for the wait for a request.
    pub idle: Duration,
    /// Time for the head of a request from its first byte on, and for the caller to take what is written.
    pub request: Duration,
    /// Counts what is closed before its time.
    pub closed: Closed,
    /// Told of handshakes that fail.
    pub failed: Arc<FailedHandshakes>,
    /// Streams at once on an HTTP/2 connection.
    pub streams: u32,
    /// For the date of an answer.
    pub clock: Arc<dyn Clock>,
    /// Told of callers who brought something else than a whole head, by their certificate.
    pub on_bad_head: Option<OnBadHead>,
    /// True once the gateway drains.
    pub draining: watch::Receiver<bool>,
}

/// Counts what came instead of a head, or instead of anything that asks for something.
pub(crate) type OnBadHead = Arc<dyn Fn(Thumbprint, Unrecorded) + Send + Sync>;

impl ListenerConfig {
    /// A door with the bounds of the configuration, and so many connections.
    #[must_use]
    pub(crate) fn new(
        tls: Option<Arc<ServerConfig>>,
        bounds: &Bounds,
        connections: usize,
        closed: Closed,
        failed: Arc<FailedHandshakes>,
        clock: Arc<dyn Clock>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self {
            tls,
            trust: None,
            connections: Arc::new(Semaphore::new(connections)),
            most_connections: connections,
            handshakes: Places::new(bounds.handshakes.min(connections)),
            open: Some(Places::new(connections)),
            handshake: Duration::from_millis(bounds.handshake_ms),
            idle: Duration::from_secs(bounds.idle_s),
            request: Duration::from_millis(bounds.request_ms),
            closed,
            failed,
            streams: u32::try_from(bounds.journeys_per_connection).unwrap_or(u32::MAX),
            clock,
            on_bad_head: None,
            draining,
        }
    }

    /// Lets one more connection be open; nothing where there is no place for it.
    pub(super) async fn admit(&self) -> Option<(OwnedSemaphorePermit, Option<Place>)> {
        let connections = Arc::clone(&self.connections);
        let Some(open) = &self.open else { return Some((connections.try_acquire_owned().ok()?, None)) };
        open.room().await;
        let place = open.begin();
        // Whoever lost its place to this one is about to go.
        Some((connections.acquire_owned().await.ok()?, Some(place)))
    }

    /// In whose line a caller with a certificate stands.
    pub(super) fn whose(&self, standing: &CertificateStatus) -> Whose {
        self.failed.institution(standing.thumbprint()).map_or(Whose::Strangers, Whose::Institution)
    }

    /// Waits until the gateway drains.
    pub(super) async fn drained(&self) {
        let mut draining = self.draining.clone();
        if draining.wait_for(|draining| *draining).await.is_err() {
            // A door whose sender is gone never drains.
            std::future::pending::<()>().await;
        }
    }
}
