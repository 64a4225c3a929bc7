//! The watch over the directory that lists the logs of all replicas: a new one is remembered, and where it closed this log the
//! gateway goes down in order. Whatever else is wrong with it is told, and keeps the next start from serving.

use std::sync::Arc;

use credit_audit::{note::VerifierKey, verify::log_directory};
use rustix::process::{Signal, getpid, kill_process};

use super::{
    start::{Listed, NotListed, own_key},
    upkeep::every_second,
};
use crate::gateway::Gateway;

/// What of the directory was looked at.
#[derive(Default)]
struct Seen {
    checkpoint: Vec<u8>,
    /// What is wrong with it, and how often that was found: it is told the second time, since a copy may have been under way.
    wrong: Option<(String, u64)>,
}

/// As long as the process runs, where there is a directory.
pub(super) async fn watch(gateway: Arc<Gateway>) {
    let own = gateway.keys.with(|ring| own_key(&gateway.settings, ring));
    let (Some(folder), Ok(own)) = (gateway.settings.log.directory.clone(), own) else { return };
    let (place, own) = (log_directory(&folder).join("checkpoint"), Arc::new(own));
    let (mut each_second, mut seen) = (every_second(), Seen::default());
    loop {
        each_second.tick().await;
        let (shared, own, place) = (Arc::clone(&gateway), Arc::clone(&own), place.clone());
        let looked = tokio::task::spawn_blocking(move || {
            // Of a copy that is under way there may be none.
            let checkpoint = std::fs::read(place).unwrap_or_default();
            if checkpoint == seen.checkpoint { (seen, false) } else { look(&shared, &own, checkpoint, seen) }
        });
        let Ok((after, is_closed)) = looked.await else { return };
        seen = after;
        if is_closed {
            break;
        }
    }
    // As an operator would: what is under way ends with its record.
    if let Err(error) = kill_process(getpid(), Signal::TERM) {
        tracing::error!(%error, "the directory closed this log, and the gateway cannot end itself: stop it");
    }
}

/// Looks at another checkpoint than before; whether it closed this log.
fn look(gateway: &Gateway, own: &VerifierKey, checkpoint: Vec<u8>, seen: Seen) -> (Seen, bool) {
    let listed = Listed::look(&gateway.settings, own, gateway.clock.now());
    let remembered = listed.and_then(|listed| {
        let Some(listed) = listed else { return Ok(()) };
        gateway.cases.list(listed.logs);
        listed.remember()
    });
    match remembered {
        Ok(()) => (Seen { checkpoint, wrong: None }, false),
        Err(error @ NotListed::Closed { .. }) => {
            tracing::error!(%error, "the directory closed this log: going down");
            (seen, true)
        }
        Err(error) => {
            let wrong = error.to_string();
            let before = seen.wrong.filter(|(before, _)| *before == wrong).map_or(0, |(_, times)| times);
            if before == 1 {
                tracing::error!(%error, "the directory would keep this gateway from starting");
            }
            (Seen { wrong: Some((wrong, before + 1)), ..seen }, false)
        }
    }
}
