//! What is due every second: keys that turn and their leaves, floods, staff that need not be remembered, the snapshot, and
//! whether store and log do what they should. Each reports to the metrics as a [`Duty`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use credit_audit::{
    leaf::{Actor, Event, Flood},
    log::{Cause, Scrubbed},
};
use credit_keys::KeyId;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tokio::time::{Interval, MissedTickBehavior};

use crate::{
    callers::register::Institution,
    changes::{
        Account, Change, ChangeError, apply, finish_index, finish_pruning, record_due, record_key, watch_reviews,
    },
    doors::{look_ups, persons::Portal},
    gateway::{Gateway, covering::Covering},
    index::{Index, IndexError},
    journey::record::case_again::say_again,
    keyring::{KeyringError, SOON},
    process::snapshots::{self, Due, NotAdvanced},
    recorder::NotRecorded,
    telemetry::metrics::Duty,
};

/// Bundles that are read again each second: with 1,024 records, a hundred million take a little more than a day.
const SCRUBBED_BUNDLES: u32 = 4;

/// Durable records that are unpublished for longer are behind (`log.publish_every_ms` is at most 1.5 s).
const PUBLISHED_WITHIN: Duration = Duration::from_secs(5);

/// Floods, staff that need not be remembered, and the snapshot. Runs as long as the process does, like the watches below;
/// each of them waits for itself alone.
pub(super) async fn each_second(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    let mut covered = None;
    loop {
        each_second.tick().await;
        let floods = record_floods(&gateway, false).await;
        gateway.metrics.duty(Duty::Floods, floods, gateway.clock.now());
        for institution in gateway.register.all() {
            institution.rates.forget_idle_staff();
            suspend_offenders(&gateway, &institution).await;
        }
        let shared = Arc::clone(&gateway);
        let advanced = tokio::task::spawn_blocking(move || snapshots::advance(&shared, covered, Due::Behind)).await;
        let advanced = advanced.unwrap_or(Err(NotAdvanced::Panicked));
        covered = advanced.as_ref().ok().copied();
        gateway.metrics.duty(Duty::Snapshot, advanced.map(drop), gateway.clock.now());
    }
}

/// How long it waits after it could not let go what the log says is let go.
const LET_GO_AGAIN: Duration = Duration::from_secs(60);

/// Lets go what the log says is let go, where the process ended in between. Most of the time there is nothing.
pub(super) async fn pruning(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    let mut is_index_whole = false;
    loop {
        each_second.tick().await;
        let mut finished = finish_pruning(&gateway).await;
        // Once after a start: the process before may have ended between the log and its index.
        if finished.is_ok() && !is_index_whole {
            let shared = Arc::clone(&gateway);
            finished =
                tokio::task::spawn_blocking(move || finish_index(&shared)).await.unwrap_or(Err(ChangeError::BrokenOff));
            is_index_whole = finished.is_ok();
        }
        if let Err(error) = finished {
            tracing::error!(%error, "records that two officers let go are there still");
            tokio::time::sleep(LET_GO_AGAIN).await;
        }
    }
}

/// A store that hangs makes only this wait.
pub(super) async fn watch_store(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    loop {
        each_second.tick().await;
        gateway.rules().stores.probe().await;
        let up = if gateway.rules().stores.down().next().is_none() { Ok(()) } else { Err("its probes fail") };
        gateway.metrics.duty(Duty::Store, up, gateway.clock.now());
    }
}

/// Time until the next half of a second: one of a release before turns its keys then, and gateways of this one that count together with
/// it would refuse for as long as only some of them have.
fn until_half_a_second(now: Timestamp) -> Duration {
    const SECOND: i64 = 1_000_000_000;
    let since = (i64::from(now.subsec_nanosecond()) - SECOND / 2).rem_euclid(SECOND);
    Duration::from_nanos((SECOND - since).unsigned_abs())
}

/// A ring that hangs or cannot be written makes only this wait. Each failure is tried again a second later.
pub(super) async fn watch_keys(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(until_half_a_second(gateway.clock.now())).await;
        let done = renew_keys(&gateway).await;
        gateway.metrics.duty(Duty::Keys, done, gateway.clock.now());
    }
}

/// Whether the log writes and publishes: it cannot say so itself where a disk hangs.
pub(super) async fn watch_log(gateway: Arc<Gateway>) {
    let (mut each_second, mut was_slow) = (every_second(), false);
    loop {
        each_second.tick().await;
        let metrics = gateway.log.metrics();
        let blocked = |cause| metrics.not_recordable.contains(&cause);
        let is_behind = metrics.unpublished_for > PUBLISHED_WITHIN || blocked(Cause::Publication);
        let published = if is_behind { Err("durable records are not published") } else { Ok(()) };
        gateway.metrics.duty(Duty::Publication, published, gateway.clock.now());
        if gateway.cluster.is_none() {
            // It counts alone: nothing is due.
            gateway.metrics.duty(Duty::Replicas, Ok::<_, &str>(()), gateway.clock.now());
        }
        if gateway.register.lender().is_none() {
            gateway.metrics.duty(Duty::Rates, Ok::<_, &str>(()), gateway.clock.now());
        }
        if gateway.settings.log.objects.is_none() {
            gateway.metrics.duty(Duty::Objects, Ok::<_, &str>(()), gateway.clock.now());
        }
        let is_slow = blocked(Cause::Slow);
        match (was_slow, is_slow) {
            (false, true) => tracing::error!(
                cause = "slow",
                "writing a batch takes too long; queries are refused until it is durable"
            ),
            (true, false) => tracing::info!(cause = "slow", "the batch is durable; queries are taken again"),
            (true, true) | (false, false) => {}
        }
        was_slow = is_slow;
    }
}

/// Notices that are counted at most: more than enough to act on.
const MOST_NOTICES: u32 = 10_000;

/// Counts the notices that are owed, and those whose time is over. Blocks.
fn count_notices(gateway: &Gateway, index: &Index) -> Result<(), IndexError> {
    let today = gateway.today();
    let days = i64::from(gateway.settings.notices.within_days);
    let owed = index.count_owed(i64::MAX, today, MOST_NOTICES)?;
    let by = today.saturating_sub(days.days());
    let before = gateway.clock.now().as_microsecond().saturating_sub(days * MICROSECONDS_A_DAY);
    let overdue = if owed == 0 { 0 } else { index.count_owed(before, by, MOST_NOTICES)? };
    gateway.metrics.notices(owed, overdue);
    Ok(())
}

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

/// Takes what is published into the index, and says whether it is behind. Where there is none, nothing is due.
pub(super) async fn index(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    loop {
        each_second.tick().await;
        let shared = Arc::clone(&gateway);
        let advance = move || {
            let Some(index) = &shared.index else { return Ok(()) };
            shared.follow_log().and_then(|_| count_notices(&shared, index)).map_err(|error| error.to_string())
        };
        let advanced = tokio::task::spawn_blocking(advance).await.unwrap_or_else(|error| Err(error.to_string()));
        gateway.metrics.duty(Duty::Index, advanced, gateway.clock.now());
    }
}

/// Finds the answers that would be others without a record that went out of answers, and records that they are due to be
/// corrected.
pub(super) async fn corrections(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    loop {
        each_second.tick().await;
        let done = record_due(&gateway).await.map_err(|error| error.to_string());
        gateway.metrics.duty(Duty::Corrections, done, gateway.clock.now());
    }
}

/// How long it waits before the other gateways are asked again for look-ups: where a case waits for that, where one of them could
/// not be asked, and where none waits, but somebody may have been looked up late.
const ASKED_AGAIN: Duration = Duration::from_secs(5);
const AWAY_AGAIN: Duration = Duration::from_secs(30);
const LATE_AGAIN: Duration = Duration::from_secs(60);

/// Within so long it is known of a decision what the other gateways have before it; later than that it is told.
const KNOWN_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// Takes what is published into the coverage of cases, asks the other gateways for what they know of these, and counts the misses.
/// Where no case was ever reported, it is quick.
pub(super) async fn coverage(gateway: Arc<Gateway>, portal: Option<Arc<Portal>>) {
    let mut each_second = every_second();
    // When they were asked last, and whether each answered.
    let mut asked: Option<(Instant, bool)> = None;
    loop {
        each_second.tick().await;
        let mut covered = cover(&gateway).await;
        let waits = asked.map(|(at, all)| (at.elapsed(), if all { ASKED_AGAIN } else { AWAY_AGAIN }));
        let is_due = covered.as_ref().is_ok_and(|(is_due, is_due_late)| match waits {
            None => *is_due,
            Some((since, again)) => *is_due && since >= again || *is_due_late && since >= LATE_AGAIN.max(again),
        });
        if is_due {
            asked = Some((Instant::now(), look_ups::ask(&gateway, portal.as_deref()).await));
            covered = cover(&gateway).await;
        }
        gateway.metrics.duty(Duty::Coverage, covered.map(drop), gateway.clock.now());
    }
}

/// Whether the others are to be asked now, and whether some time.
async fn cover(gateway: &Arc<Gateway>) -> Result<(bool, bool), String> {
    let shared = Arc::clone(gateway);
    let covered = tokio::task::spawn_blocking(move || {
        let count = |covering: &Covering| {
            shared.metrics.case_misses(covering.not_handed_over().into_iter());
            let before = shared.clock.now().saturating_sub(KNOWN_WITHIN).unwrap_or(Timestamp::MIN);
            shared.metrics.cases_unknown(covering.unknown_since(before).into_iter());
            covering.is_due(shared.cases.heard())
        };
        shared.covered(count).map_err(|error| error.to_string())
    });
    covered.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Puts before reviewers what is suspicious or drawn.
pub(super) async fn reviews(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    loop {
        each_second.tick().await;
        let done = watch_reviews(&gateway).await.map_err(|error| error.to_string());
        // A log that is being closed takes nothing more: the next start goes on with it.
        if gateway.is_draining() {
            return;
        }
        gateway.metrics.duty(Duty::Reviews, done, gateway.clock.now());
    }
}

/// Reads the published log again, slowly. What is damaged is made again; where that cannot be, it stays with it until it is
/// restored. It begins anywhere, so that
/// a process that is often started reads all of a long log too.
pub(super) async fn scrub(gateway: Arc<Gateway>) {
    let mut each_second = every_second();
    let mut next = gateway.new_id().as_u64_pair().1;
    loop {
        each_second.tick().await;
        let log = gateway.log.clone();
        let read = move || {
            let mut from = next;
            for _ in 0..SCRUBBED_BUNDLES {
                let Scrubbed { next, restored } = log.scrub(from).map_err(|error| (from, error.to_string()))?;
                for place in restored {
                    let place = place.display();
                    tracing::error!(%place, "a file of the published log was missing or damaged, and was made again");
                }
                from = next;
            }
            Ok(from)
        };
        let read = tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err((next, error.to_string())));
        let done = match read {
            Ok(then) => {
                next = then;
                Ok(())
            }
            Err((damaged, error)) => {
                next = damaged;
                Err(error)
            }
        };
        gateway.metrics.duty(Duty::Scrub, done, gateway.clock.now());
    }
}

/// The alarm rule (R15): suspends whoever was refused too often for asking what is not theirs to ask.
async fn suspend_offenders(gateway: &Arc<Gateway>, institution: &Institution) {
    let rule = &gateway.settings.suspend_after;
    for part in institution.offences.take_due() {
        let reason = Some(format!("alarm rule: too many refusals of misuse within {} s", rule.within_s));
        let id = institution.record.id.clone();
        let made = apply(gateway, Change::InstitutionSuspend { id, part, reason }, Account::gateway()).await;
        match made {
            Ok(_) => tracing::error!(institution = institution.id(), "the alarm rule suspended it, or a part of it"),
            Err(error) => {
                tracing::error!(institution = institution.id(), %error, "the alarm rule could not suspend it")
            }
        }
    }
}

pub(super) fn every_second() -> Interval {
    let mut interval = tokio::time::interval(Duration::from_secs(1));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Why a duty was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotDone {
    /// The ring.
    #[error("keys could not be renewed: {0}")]
    Renew(#[from] KeyringError),
    /// The keys of all who count together.
    #[error("{0}")]
    Shared(String),
    /// The leaf of a key.
    #[error("the new key `{0}` could not be recorded: {1}")]
    Key(KeyId, NotRecorded),
    /// The leaf of a flood.
    #[error("a flood could not be recorded")]
    Flood,
    /// A case under the new data key.
    #[error("a case that is not decided could not be recorded again")]
    Case,
    /// A defect.
    #[error("it panicked")]
    Panicked,
}

/// Has the keys that follow at hand before their time, so that no query meets a period without a key, and turns them back where the
/// time that the log accepts goes back. A new key is used once the log names it.
async fn renew_keys(gateway: &Arc<Gateway>) -> Result<(), NotDone> {
    let now = gateway.log.accepted_now();
    let next = now.saturating_add(SOON).unwrap_or(Timestamp::MAX);
    let shared = Arc::clone(gateway);
    // The ring is a file: whatever asks for it may wait for a disk.
    let unrecorded = tokio::task::spawn_blocking(move || {
        if shared.keys.is_due(now) {
            shared.keys.renew(now, &shared.entropy)?;
        }
        // A key that cannot be destroyed keeps no new one from coming.
        let finished = shared.keys.finish_destructions(now, &shared.entropy);
        Ok((shared.keys.unrecorded(next), finished))
    });
    let (unrecorded, finished) = unrecorded.await.unwrap_or(Err(NotDone::Panicked))?;
    if !gateway.log.recordable() {
        return Ok(finished?);
    }
    // A turn that is being made records its own leaves.
    let Ok(_turn) = gateway.changes.try_lock() else { return Ok(finished?) };
    for key in unrecorded {
        record_key(&gateway.recorder, &gateway.keys, &key, (now, next), Actor::gateway())
            .await
            .map_err(|error| NotDone::Key(key, error))?;
    }
    say_again(gateway, None).await.map_err(|_| NotDone::Case)?;
    finished?;
    // Last: what is wrong with a key of another month keeps none from being used.
    gateway
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.keys_fault())
        .map_or(Ok(()), |fault| Err(NotDone::Shared(fault)))
}

/// Writes the `flood` leaves that are due; `all` where the gateway goes down. What cannot be recorded now stays counted.
///
/// # Errors
/// When one of them was not recorded.
pub(super) async fn record_floods(gateway: &Gateway, all: bool) -> Result<(), NotDone> {
    let now = gateway.clock.monotonic();
    let wait = Duration::from_secs(gateway.settings.floods.leaf_every_s);
    let Some(until) = (if all { Some(now) } else { now.checked_sub(wait) }) else { return Ok(()) };
    if !gateway.log.recordable() {
        return Ok(());
    }
    let mut done = Ok(());
    for institution in gateway.register.all() {
        let Some(taken) = institution.floods.take(until) else { continue };
        let leaf = Flood { institution: institution.id().to_owned(), since: taken.since, counts: taken.counts.clone() };
        let recorded = match leaf.entry(gateway.new_id()) {
            Ok(entry) => gateway.recorder.record(entry).await.is_ok(),
            Err(error) => {
                tracing::error!(%error, "a flood could not be recorded");
                false
            }
        };
        if !recorded {
            institution.floods.give_back(taken);
            done = Err(NotDone::Flood);
        }
    }
    done
}
