//! The watch over authorities and revocation list: their files are looked at every second, and at once on SIGHUP.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::Signal;

use crate::{
    callers::{
        expiry,
        trust::{Reloaded, Trust},
    },
    gateway::Gateway,
    process::start::trust_warnings,
    telemetry::metrics::Duty,
};

/// Seconds after which open connections are checked again, also without a new list: certificates end by themselves.
const CHECK_AGAIN_S: u32 = 60;

/// Puts new authorities and lists in force, as long as the process runs.
pub(crate) async fn watch(gateway: Arc<Gateway>, trust: Arc<Trust>, mut hangup: Signal) {
    let mut each_second = tokio::time::interval(Duration::from_secs(1));
    let (mut since_checked_s, mut was_expired) = (0, false);
    gateway.metrics.revocation_list(trust.next_update(), true);
    institution_certificates(&gateway).await;
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
            institution_certificates(&gateway).await;
            since_checked_s = 0;
        }
        was_expired = expired;
    }
}

async fn institution_certificates(gateway: &Arc<Gateway>) {
    let shared = Arc::clone(gateway);
    let read = tokio::task::spawn_blocking(move || expiry::of_institutions(&shared.settings, &shared.register));
    if let Ok(ends) = read.await {
        gateway.metrics.institution_certificates_end(ends.iter().map(|(id, end)| (id.as_str(), *end)));
    }
}

async fn look(gateway: &Gateway, trust: &Arc<Trust>, force: bool) {
    let shared = Arc::clone(trust);
    let looked = tokio::task::spawn_blocking(move || {
        let looked = shared.reload(force);
        // Tried again each second until it is written.
        (looked, shared.remember().map_err(|error| format!("the numbers of the lists cannot be kept: {error}")))
    });
    let looked = looked.await.map_err(|error| error.to_string());
    // Files that are refused are looked at once, and stay refused until the next: they have gauges of their own.
    let done = looked.as_ref().map_err(String::clone).and_then(|(_, kept)| kept.clone());
    gateway.metrics.duty(Duty::RevocationList, done, gateway.clock.now());
    let Ok((Some(Reloaded { authorities, list }), _)) = looked else { return };
    gateway.metrics.revocation_list(trust.next_update(), list.is_ok());
    gateway.metrics.authorities_refused(authorities.is_err());
    match &authorities {
        Ok(true) => tracing::info!("new authorities are in force"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "new authorities were not taken; those before stay in force"),
    }
    match &list {
        Ok(true) => tracing::info!("a new revocation list is in force"),
        Ok(false) => tracing::info!("the file of the revocation list was read again: it contains the list in force"),
        Err(error) => tracing::error!(%error, "a new revocation list was not taken; the one before stays in force"),
    }
    if [authorities.ok(), list.ok()].contains(&Some(true)) {
        for warning in trust_warnings(&gateway.settings, trust) {
            tracing::warn!(cause = warning.english, "whom the authorities and lists in force do not trust");
        }
    }
}
