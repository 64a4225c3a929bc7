//! The way down: no new queries; those under way end with their records; then the last checkpoint.

use std::{sync::Arc, time::Duration};

use super::{
    snapshots::{self, Due},
    upkeep::record_floods,
};
use crate::{gateway::Gateway, transport::accept::ListenerConfig};

/// `door` is the one of the institutions, whose last replies are waited for.
pub(super) async fn drain(gateway: &Arc<Gateway>, door: &ListenerConfig) {
    gateway.draining.send_replace(true);
    let bounds = &gateway.settings.bounds;
    let all = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let journeys = gateway.journeys.acquire_many(all(bounds.journeys));
    if tokio::time::timeout(Duration::from_secs(bounds.drain_s), journeys).await.is_err() {
        tracing::warn!("queries were still under way when the time to drain ended; they got no answer");
    }
    // The replies of the last journeys are still on their way out.
    let connections = door.connections.acquire_many(all(door.most_connections));
    drop(tokio::time::timeout(Duration::from_millis(500), connections).await);
    record_floods(gateway, true).await;
    let log = gateway.log.clone();
    if tokio::task::spawn_blocking(move || log.close()).await.is_err() {
        tracing::error!("the log did not close in order; it recovers at the next start");
    }
    snapshots::advance(gateway, None, Due::Now);
}
