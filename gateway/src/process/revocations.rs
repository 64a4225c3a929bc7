//! The watch over the revocation list: its file is looked at every second, and at once on SIGHUP.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::Signal;

use crate::{
    callers::trust::{Reload, Trust},
    gateway::Gateway,
    telemetry::metrics::Duty,
};

/// Seconds after which open connections are checked again, also without a new list: certificates end by themselves.
const CHECK_AGAIN_S: u32 = 60;

/// Puts each new list in force, as long as the process runs.
pub(crate) async fn watch(gateway: Arc<Gateway>, trust: Arc<Trust>, mut hangup: Signal) {
    let mut each_second = tokio::time::interval(Duration::from_secs(1));
    let (mut since_checked_s, mut was_expired) = (0, false);
    gateway.metrics.revocation_list(trust.next_update(), true);
    loop {
        let force = tokio::select! {
            _ = each_second.tick() => false,
            Some(()) = hangup.recv() => true,
        };
        look(&gateway, &trust, force).await;
        since_checked_s += 1;
        let expired = trust.is_expired();
        if expired && !was_expired {
            tracing::error!(
                "the revocation list is past its next update: every certificate is refused until a newer list is there"
            );
        }
        if since_checked_s >= CHECK_AGAIN_S || expired != was_expired {
            trust.check_again();
            since_checked_s = 0;
        }
        was_expired = expired;
    }
}

async fn look(gateway: &Gateway, trust: &Arc<Trust>, force: bool) {
    let shared = Arc::clone(trust);
    let looked = tokio::task::spawn_blocking(move || shared.reload(force)).await;
    // A list that is refused is looked at once, and stays refused until the next: `credit_gateway_revocation_list_refused`.
    let done = looked.as_ref().map(|_| ()).map_err(ToString::to_string);
    gateway.metrics.duty(Duty::RevocationList, done, gateway.clock.now());
    match looked {
        Ok(Reload::Same) => {}
        Ok(Reload::Taken) => {
            gateway.metrics.revocation_list(trust.next_update(), true);
            tracing::info!("a new revocation list is in force");
        }
        Ok(Reload::Refused(error)) => {
            gateway.metrics.revocation_list(trust.next_update(), false);
            tracing::error!(%error, "a new revocation list was not taken; the one before stays in force");
        }
        Err(_) => {}
    }
}
