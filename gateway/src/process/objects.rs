//! Puts what is published into an object store as well, on a thread of its own: no answer waits for it.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use credit_audit::note::VerifierKey;
use tokio::time::{Interval, sleep};

use crate::{
    gateway::Gateway,
    objects::{Client, Copying, Found, ObjectFault, Published},
    process::{runtime, upkeep::every_second},
    settings::ObjectSettings,
    telemetry::metrics::Duty,
};

/// The soonest after a round that failed, unless rounds are closer together.
const RETRY: Duration = Duration::from_secs(5);

/// A store that fails for longer is a duty that is not done; from the first failure on there is a warning.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// As long as the process runs.
pub(super) fn keep_copying(gateway: &Arc<Gateway>, settings: &ObjectSettings) {
    match runtime() {
        Ok(runtime) => runtime.block_on(run(gateway, settings)),
        Err(error) => gateway.metrics.duty(Duty::Objects, Err(error), gateway.clock.now()),
    }
}

async fn run(gateway: &Arc<Gateway>, settings: &ObjectSettings) {
    let every = Duration::from_secs(settings.every_s);
    let (mut each_second, mut watch) = (every_second(), Watch::new());
    // It begins anywhere, so that a process that is often started reads all of a long log too.
    let mut next = usize::try_from(gateway.new_id().as_u64_pair().1).unwrap_or_default() % FURTHEST;
    loop {
        let begun = Instant::now();
        let round = round(gateway, settings, &mut next);
        let done = reporting(round, &mut each_second, || watch.report(gateway)).await;
        watch.heard(begun, done);
        watch.report(gateway);
        let pause = if watch.failing.is_some() { every.min(RETRY) } else { every };
        reporting(sleep(pause), &mut each_second, || watch.report(gateway)).await;
    }
}

/// Objects of which a first round may begin to compare any: where there are fewer, it begins at the first.
const FURTHEST: usize = 100_000;

async fn round(gateway: &Gateway, settings: &ObjectSettings, next: &mut usize) -> Result<u64, ObjectFault> {
    let client = Client::new(settings, &gateway.settings.log.origin, &gateway.clock)?;
    let folder = gateway.log_folder();
    let vkey = folder.join("log.vkey");
    let wrong = |why: String| ObjectFault::OwnFile(vkey.clone(), why);
    let key = std::fs::read_to_string(&vkey).map_err(|error| wrong(error.to_string()))?;
    let key = VerifierKey::parse(&key).map_err(|error| wrong(error.to_string()))?;
    let log = Published::new(folder, key);
    let restored = |found: Found, place: &str| {
        gateway.metrics.object_restored(found.as_str());
        let cause = found.as_str();
        tracing::error!(place, cause, "an object of the log was not there or another one, and was put again");
    };
    Copying { client: &client, log: &log, restored: &restored }.round(next).await
}

/// Waits for something, and reports each second meanwhile.
async fn reporting<T>(done: impl Future<Output = T>, each_second: &mut Interval, report: impl Fn()) -> T {
    let mut done = pin!(done);
    loop {
        tokio::select! {
            done = &mut done => return done,
            _ = each_second.tick() => report(),
        }
    }
}

/// How far the copying is.
struct Watch {
    /// When the last round that succeeded began: what was published until then is in the store.
    current: Instant,
    /// Records that the store's checkpoint covers.
    covered: u64,
    failing: Option<Failing>,
}

struct Failing {
    since: Instant,
    error: String,
    is_contradiction: bool,
}

impl Watch {
    fn new() -> Self {
        Self { current: Instant::now(), covered: 0, failing: None }
    }

    fn heard(&mut self, begun: Instant, done: Result<u64, ObjectFault>) {
        match done {
            Ok(covered) => {
                (self.current, self.covered) = (begun, covered);
                if self.failing.take().is_some() {
                    tracing::info!("the published log goes to the object store again");
                }
            }
            Err(error) => {
                let (said, is_contradiction) = (error.to_string(), error.is_contradiction());
                let before = self.failing.take();
                // Each cause is news once.
                if before.as_ref().is_none_or(|before| before.error != said) {
                    tracing::warn!(%error, "the published log does not go to the object store");
                }
                let since = before.map_or_else(Instant::now, |before| before.since);
                self.failing = Some(Failing { since, error: said, is_contradiction });
            }
        }
    }

    fn report(&self, gateway: &Gateway) {
        let is_behind = gateway.log.published() > self.covered;
        let behind = if is_behind { self.current.elapsed() } else { Duration::ZERO };
        gateway.metrics.objects(self.covered, behind, self.failing.is_some());
        let is_due = |failing: &&Failing| failing.is_contradiction || failing.since.elapsed() > PATIENCE;
        let done = self.failing.as_ref().filter(is_due).map_or(Ok(()), |failing| Err(&failing.error));
        gateway.metrics.duty(Duty::Objects, done, gateway.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lasts_from_its_first_round_to_the_next_success() {
        let mut watch = Watch::new();
        watch.heard(Instant::now(), Err(ObjectFault::Late));
        let since = watch.failing.as_ref().unwrap().since;
        watch.heard(Instant::now(), Err(ObjectFault::Raced));
        let failing = watch.failing.as_ref().unwrap();
        assert!(failing.since == since && !failing.is_contradiction && watch.covered == 0);
        watch.heard(Instant::now(), Err(ObjectFault::Forked(7)));
        assert!(watch.failing.as_ref().unwrap().is_contradiction);
        let begun = Instant::now();
        watch.heard(begun, Ok(9));
        assert!(watch.failing.is_none() && watch.covered == 9 && watch.current == begun);
    }
}
