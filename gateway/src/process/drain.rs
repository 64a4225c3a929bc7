//! The way down: a notice for load balancers; no new queries; those under way end with their records; then the last
//! checkpoint. Whatever hangs meanwhile, the process ends within `drain_notice_s` + `drain_s` + 2 s.

use std::{io, sync::Arc, sync::atomic::Ordering, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use super::{
    snapshots::{self, Due},
    upkeep::record_floods,
};
use crate::{gateway::Gateway, index::Index, settings::Bounds, telemetry, transport::listener::ListenerConfig};

/// For the last replies, floods, checkpoint and snapshot together, beside what the queries left of their time.
const AFTER_QUERIES: Duration = Duration::from_millis(1_200);

/// When a thread of its own ends a process whose main thread hangs: after all of the above, and within 2 s.
const IN_ANY_CASE: Duration = Duration::from_millis(1_600);

/// The code of a process that did not end in order (sysexits `EX_UNAVAILABLE`).
const NOT_IN_ORDER: i32 = 69;

/// Ends the process when its time is over, if it has not ended by then. The time begins with a signal, which a thread of
/// its own hears whatever the main thread waits for, or when what is given back is used or dropped.
///
/// # Errors
/// When there can be no thread or no signals.
pub(super) fn end_in_any_case(bounds: &Bounds) -> io::Result<oneshot::Sender<()>> {
    let time = Duration::from_secs(bounds.drain_notice_s.saturating_add(bounds.drain_s)).saturating_add(IN_ANY_CASE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let (begins, begun) = oneshot::channel();
    let end = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = begun => {}
            }
        });
        std::thread::sleep(time);
        tracing::error!("the process did not end in order within its time; the log recovers at the next start");
        telemetry::flush_lines();
        std::process::exit(NOT_IN_ORDER);
    };
    std::thread::Builder::new().name("end".to_owned()).spawn(end)?;
    Ok(begins)
}

/// Readiness is false from here on, while queries are still taken. Without a notice both end at once.
pub(super) async fn notice(gateway: &Gateway, no_longer: impl Future<Output = ()>) {
    let time = gateway.settings.bounds.drain_notice_s;
    if time > 0 {
        gateway.ending.store(true, Ordering::Release);
        drop(timeout(Duration::from_secs(time), no_longer).await);
    }
}

/// `door` is the one of the institutions, whose last replies are waited for. Says whether the log closed in order.
pub(super) async fn drain(gateway: &Arc<Gateway>, door: &ListenerConfig) -> bool {
    gateway.draining.send_replace(true);
    let began = Instant::now();
    let bounds = &gateway.settings.bounds;
    let all = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let journeys = gateway.journeys.acquire_many(all(bounds.journeys));
    let time = Duration::from_secs(bounds.drain_s);
    if timeout(time, journeys).await.is_err() {
        tracing::warn!("queries were still under way when the time to drain ended; they got no answer");
    }
    let mut is_closed = false;
    let rest = async {
        // The replies of the last journeys are still on their way out.
        let connections = door.connections.acquire_many(all(door.most_connections));
        drop(timeout(Duration::from_millis(500), connections).await);
        // What the last queries reserved is settled for the other gateways.
        if let Some(cluster) = &gateway.cluster {
            // Where it cannot be, the next start settles it.
            drop(timeout(Duration::from_millis(300), cluster.flush()).await);
        }
        if let Err(error) = record_floods(gateway, true).await {
            tracing::error!(%error, "floods of the last minute are not on the record");
        }
        let log = gateway.log.clone();
        is_closed = tokio::task::spawn_blocking(move || log.close()).await.is_ok();
        let shared = Arc::clone(gateway);
        let advanced = tokio::task::spawn_blocking(move || snapshots::advance(&shared, None, Due::Now)).await;
        if let Ok(Err(error)) = advanced {
            tracing::error!(%error, "the last snapshot failed");
        }
        // Where it is not written, the next start reads some leaves again.
        let shared = Arc::clone(gateway);
        drop(tokio::task::spawn_blocking(move || shared.index.as_ref().map(Index::write)).await);
    };
    if timeout_at(began + time + AFTER_QUERIES, rest).await.is_err() && is_closed {
        tracing::info!("the snapshot of the state was not finished; the next start takes a little longer");
    }
    is_closed
}
