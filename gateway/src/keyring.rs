//! The keys as the journey uses them: a snapshot that is read without a lock, renewed when an epoch or a period turns.

mod current;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use arc_swap::ArcSwap;
use credit_keys::{
    ChangeError, DEFAULT_OVERLAP_DAYS, IndexKey, KeyId, KeyState, KeyStatus, KeyUse, Ring, RingError, Rotation, Sealer,
    StateKey, SystemEntropy, Turn,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) use current::Current;
pub(crate) use current::KeyringError;
use current::is_shared;

use crate::settings::Settings;

/// The keys in force, and those that follow within a moment: each query takes those of its own time.
struct Snapshots {
    now: Arc<Current>,
    next: Option<(Timestamp, Arc<Current>)>,
    /// Others are in force, and the log does not name them yet.
    is_late: bool,
}

/// Why keys are not used yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    /// An administrator turned them here; until then the ones before are in force.
    Asked,
    /// They are of a month, or were handed out.
    HandedOut,
}

impl Snapshots {
    fn at(&self, now: Timestamp) -> &Arc<Current> {
        self.next.as_ref().filter(|(from, _)| now >= *from).map_or(&self.now, |(_, next)| next)
    }
}

/// How long before a turn what follows is at hand.
pub(crate) const SOON: SignedDuration = SignedDuration::from_secs(2);
/// So much before its month a data key is used: a query of the old month may be recorded in the new one, and its record would be lost
/// with the key of the old.
const BEFORE_MONTH: SignedDuration = SignedDuration::from_millis(500);

/// From where the data key of a new month comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Months {
    /// The ring makes it.
    Own,
    /// It is one for all who count together, so none makes it alone: it [comes](Keyring::take_handed) from the shared state.
    Shared,
}

impl Months {
    /// As the configuration has it.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        if settings.state.is_some() { Self::Shared } else { Self::Own }
    }
}

fn newly_made(turn: Turn) -> Option<KeyId> {
    if turn.made { turn.keys.into_iter().next() } else { None }
}

/// The ring and its snapshot. Every instant that it is given is one that the log accepts, not the raw clock: a clock that
/// is wrong for a moment must turn no key.
pub struct Keyring {
    ring: Mutex<Ring>,
    current: ArcSwap<Snapshots>,
    /// What the ring has that all who count together have; read without waiting for the ring's disk.
    shared: ArcSwap<Vec<KeyStatus>>,
    /// Keys that this process made and no leaf names yet.
    unrecorded: Mutex<Vec<Unrecorded>>,
    /// Keys that the log says are destroyed and the ring still has.
    destroyed: Mutex<BTreeSet<KeyId>>,
    /// Where there is an index.
    index: OnceLock<IndexKey>,
    origin: String,
    months: Months,
    /// Keys of which the log says that something was destroyed: nobody is given them from here.
    kept_back: BTreeSet<KeyId>,
}

struct Unrecorded {
    key: KeyId,
    /// Made for a new period; the others are of a turn that an administrator asked for, who asks again.
    of_period: bool,
}

impl Keyring {
    /// A key ring in use for the log `origin`. Where the period is new, its data key is made, if it is made here.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn new(
        mut ring: Ring,
        origin: &str,
        now: Timestamp,
        (months, entropy): (Months, &SystemEntropy),
    ) -> Result<Self, KeyringError> {
        let made = match months {
            Months::Own => newly_made(ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?),
            Months::Shared => None,
        };
        let current = Current::of(&ring, origin, now)?;
        Ok(Self {
            current: ArcSwap::from_pointee(Snapshots { now: Arc::new(current), next: None, is_late: false }),
            shared: ArcSwap::from_pointee(shared_by_all(&ring, now)),
            ring: Mutex::new(ring),
            unrecorded: Mutex::new(made.map(|key| Unrecorded { key, of_period: true }).into_iter().collect()),
            destroyed: Mutex::default(),
            index: OnceLock::new(),
            origin: origin.to_owned(),
            months,
            kept_back: BTreeSet::new(),
        })
    }

    /// Gives nobody these keys, of which the log says that something was destroyed, whatever the ring has: it may be from a copy.
    pub(crate) fn keeping_back(self, keys: BTreeSet<KeyId>) -> Self {
        Self { kept_back: keys, ..self }
    }

    /// Keys whose time has not come and which `is_named` says no leaf names: each is used once a leaf does.
    pub(crate) fn await_leaves(&self, now: Timestamp, is_named: impl Fn(&KeyId) -> bool) {
        let pending = self.with(|ring| pending(ring, now));
        let unnamed = pending.into_iter().filter(|key| key.key_use().is_some_and(is_shared) && !is_named(key));
        self.lock_unrecorded().extend(unnamed.map(|key| Unrecorded { key, of_period: true }));
    }

    /// The key of the index, which is made where the ring has none. It holds until the process ends: an index that was made
    /// under another one is made again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn index_key(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<IndexKey, KeyringError> {
        if let Some(key) = self.index.get() {
            return Ok(key.clone());
        }
        let key = self.with(|ring| {
            reopened(ring, |ring| ring.ensure_index(now, entropy))?;
            ring.index_key(now).map_err(KeyringError::from)
        })?;
        Ok(self.index.get_or_init(|| key).clone())
    }

    /// The keys in force, as far as upkeep has come.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.load().now)
    }

    /// The keys in force at an instant of now: from the second in which they turn on.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Arc<Current> {
        Arc::clone(self.current.load().at(now))
    }

    /// Stands for the keys by which persons and what they said are counted. It tells nothing of them.
    pub(crate) fn digest(&self, now: Timestamp) -> [u8; 32] {
        let current = self.at(now);
        keys_digest(&current.state, &current.sealer)
    }

    /// What the ring has that all who count together have, also what is destroyed; the states are old.
    pub(crate) fn shared(&self) -> Arc<Vec<KeyStatus>> {
        self.shared.load_full()
    }

    /// Renews the snapshot, and makes the data key of the period where it is new, if it is made here; that key is used once the log
    /// names it.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn renew(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<(), KeyringError> {
        self.with(|ring| {
            self.noting_news(ring, now, |ring| match self.months {
                Months::Own => {
                    let soon = now.saturating_add(SOON).unwrap_or(now);
                    reopened(ring, |ring| ring.ensure_period(soon, DEFAULT_OVERLAP_DAYS, entropy)).map(drop)
                }
                Months::Shared => Ok(ring.refresh()?),
            })?;
            self.take_snapshot(ring, now)
        })
    }

    /// Lends the ring, with the keys of which the log says that something was destroyed.
    pub(crate) fn with_destroyed<R>(&self, use_: impl FnOnce(&Ring, &BTreeSet<KeyId>) -> R) -> R {
        self.with(|ring| {
            let mut destroyed = self.lock_destroyed().clone();
            destroyed.extend(self.kept_back.iter().cloned());
            use_(ring, &destroyed)
        })
    }

    /// Reads the ring's file again if another process wrote it.
    ///
    /// # Errors
    /// When it cannot be read, or lacks what this process knows of.
    pub(crate) fn refresh(&self, now: Timestamp) -> Result<(), ChangeError> {
        self.with(|ring| self.noting_news(ring, now, |ring| Ok(ring.refresh()?)))
    }

    /// Takes a key that was handed out for all who count together; it is used once the log names it.
    ///
    /// # Errors
    /// Why it may not be used, or that the ring cannot be written.
    pub(crate) fn take_handed(
        &self,
        id: &KeyId,
        text: &str,
        now: Timestamp,
        entropy: &SystemEntropy,
    ) -> Result<(), ChangeError> {
        self.with(|ring| {
            self.noting_news(ring, now, |ring| reopened(ring, |ring| ring.take_handed(id, text, entropy)).map(drop))?;
            if let Err(error) = self.take_snapshot(ring, now) {
                tracing::error!(%error, key = id.as_str(), "a key that was taken cannot be used yet");
            }
            Ok(())
        })
    }

    /// Changes the ring. A key that is new in it was made now, or by another process that shares the ring, or handed out: this log does
    /// not name it yet.
    fn noting_news(
        &self,
        ring: &mut Ring,
        now: Timestamp,
        change: impl FnOnce(&mut Ring) -> Result<(), ChangeError>,
    ) -> Result<(), ChangeError> {
        let known = shared_by_all(ring, now);
        let changed = change(ring);
        let has = shared_by_all(ring, now);
        let news = has.iter().filter(|key| known.iter().all(|known| known.id != key.id)).map(|key| key.id.clone());
        self.lock_unrecorded().extend(news.map(|key| Unrecorded { key, of_period: true }));
        self.shared.store(Arc::new(has));
        changed
    }

    /// Turns the keys of one use; gives the keys that the log must name next. Where a turn of this use is not on the
    /// record yet, these are its keys, and no others are made. A key that is still accepted is retired by this only with
    /// `end_overlap`.
    ///
    /// # Errors
    /// When an overlap is under way, or the ring cannot be written; nothing has changed then.
    pub fn rotate(
        &self,
        key_use: KeyUse,
        now: Timestamp,
        overlap_days: u16,
        end_overlap: bool,
        entropy: &SystemEntropy,
    ) -> Result<Vec<KeyId>, KeyringError> {
        self.with(|ring| {
            let unrecorded: Vec<_> = self.lock_unrecorded().iter().map(|unrecorded| unrecorded.key.clone()).collect();
            let is_introduced = |key: &KeyId| !unrecorded.contains(key);
            let rotation = Rotation { key_use, now, overlap_days, end_overlap, is_introduced: &is_introduced };
            let Turn { keys, made } = reopened(ring, |ring| ring.rotate(&rotation, entropy))?;
            if made {
                let made = keys.iter().map(|key| Unrecorded { key: key.clone(), of_period: false });
                self.lock_unrecorded().extend(made);
            }
            self.shared.store(Arc::new(shared_by_all(ring, now)));
            self.take_snapshot(ring, now)?;
            Ok(keys)
        })
    }

    /// From now on the log says that this data key is destroyed; [`Self::finish_destructions`] takes it out of the ring.
    pub(crate) fn mark_destroyed(&self, key: KeyId) {
        self.lock_destroyed().insert(key);
    }

    /// Whether the log says that it is destroyed, and the ring still has it.
    pub(crate) fn is_marked_destroyed(&self, key: &KeyId) -> bool {
        self.lock_destroyed().contains(key)
    }

    /// Takes out of the ring what the log says is destroyed. What fails is left for the next call.
    ///
    /// # Errors
    /// As for [`Self::rotate`], and when a key is in use.
    pub(crate) fn finish_destructions(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<(), KeyringError> {
        let keys = self.lock_destroyed().clone();
        for key in keys {
            self.with(|ring| {
                match reopened(ring, |ring| ring.destroy(&key, now, entropy)) {
                    Ok(()) | Err(ChangeError::AlreadyDestroyed(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                self.take_snapshot(ring, now)
            })?;
            self.lock_destroyed().remove(&key);
        }
        Ok(())
    }

    /// Destroys one person's part of these data keys, all of which are out of use.
    ///
    /// # Errors
    /// As for [`Self::rotate`].
    pub(crate) fn destroy_person(
        &self,
        keys: &[KeyId],
        number: &str,
        now: Timestamp,
        entropy: &SystemEntropy,
    ) -> Result<(), KeyringError> {
        self.with(|ring| {
            reopened(ring, |ring| ring.destroy_person(keys, number, now, entropy))?;
            self.take_snapshot(ring, now)
        })
    }

    /// Data keys of a period that has come, and what was handed out ahead of its time: the log must name them before they are used.
    #[must_use]
    pub fn unrecorded(&self, now: Timestamp) -> Vec<KeyId> {
        let of_periods: Vec<_> = {
            let unrecorded = self.lock_unrecorded();
            unrecorded.iter().filter(|each| each.of_period).map(|each| each.key.clone()).collect()
        };
        if of_periods.is_empty() {
            return of_periods;
        }
        let (pending, months) = self.with(|ring| (pending(ring, now), ring.of_months()));
        let waits = |key: &KeyId| pending.contains(key) && months.iter().any(|(month, _)| month == key);
        of_periods.into_iter().filter(|key| !waits(key)).collect()
    }

    /// From now on the log names this key.
    ///
    /// # Errors
    /// When a key that is needed now is missing.
    pub fn mark_introduced(&self, key: &KeyId, now: Timestamp) -> Result<(), KeyringError> {
        self.with(|ring| {
            self.lock_unrecorded().retain(|unrecorded| unrecorded.key != *key);
            self.take_snapshot(ring, now)
        })
    }

    /// Whether the snapshots must be renewed by now: keys turn, or the time that the log accepts was set back.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let (soon, current) = (now.saturating_add(SOON).unwrap_or(now), self.current.load());
        !current.now.steady.contains(now) || (current.next.is_none() && !current.now.steady.contains(soon))
    }

    /// Whether the keys in force are right no more: the data key is one of a month that is over, or others have come in force that the
    /// log does not name yet.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        let snapshots = self.current.load();
        let current = snapshots.at(now);
        snapshots.is_late || now >= current.sealer.valid_until() || current.turns_at.is_some_and(|at| now >= at)
    }

    /// Uses the ring itself: for rotation and tracing.
    pub fn with<R>(&self, use_: impl FnOnce(&mut Ring) -> R) -> R {
        use_(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A leaf names a data key only after the key's own leaf, so a snapshot waits for that; so does one with keys that were handed out.
    fn take_snapshot(&self, ring: &Ring, now: Timestamp) -> Result<(), KeyringError> {
        let current = Current::of(ring, &self.origin, now)?;
        if let Some(unnamed) = self.unnamed(ring, &current, now) {
            let before = Arc::clone(self.current.load().at(now));
            self.current.store(Arc::new(Snapshots { now: before, next: None, is_late: unnamed == Unnamed::HandedOut }));
            return Ok(());
        }
        let soon = now.saturating_add(SOON).unwrap_or(now);
        let turn = current.steady.until().filter(|until| *until <= soon);
        let next = turn.map(|turn| Ok::<_, KeyringError>((turn, Current::of(ring, &self.origin, turn)?))).transpose();
        // What follows cannot keep from going on with what is in force.
        let next =
            next.ok().flatten().filter(|(turn, next)| self.unnamed(ring, next, *turn).is_none()).map(|(turn, next)| {
                let is_of_month =
                    ring.of_month(turn).0 == *next.sealer.key_id() && next.sealer.key_id() != current.sealer.key_id();
                let from = if is_of_month { turn.saturating_sub(BEFORE_MONTH).unwrap_or(turn) } else { turn };
                (from, Arc::new(next))
            });
        self.current.store(Arc::new(Snapshots { now: Arc::new(current), next, is_late: false }));
        Ok(())
    }

    /// What of these keys the log does not name yet, and has to.
    fn unnamed(&self, ring: &Ring, current: &Current, at: Timestamp) -> Option<Unnamed> {
        let unrecorded = self.lock_unrecorded();
        if unrecorded.is_empty() {
            return None;
        }
        let active: Vec<KeyId> =
            ring.status(at).into_iter().filter(|key| key.state == KeyState::Active).map(|key| key.id).collect();
        if unrecorded.iter().any(|each| each.of_period && active.contains(&each.key)) {
            return Some(Unnamed::HandedOut);
        }
        unrecorded.iter().any(|each| each.key == *current.sealer.key_id()).then_some(Unnamed::Asked)
    }

    fn lock_destroyed(&self) -> MutexGuard<'_, BTreeSet<KeyId>> {
        self.destroyed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_unrecorded(&self) -> MutexGuard<'_, Vec<Unrecorded>> {
        self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for a state key and a data key: see [`Keyring::digest`].
pub(crate) fn keys_digest(state: &StateKey, sealer: &Sealer) -> [u8; 32] {
    const NOBODY: &str = "replicas";
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(&state.standing(NOBODY).current);
    context.update(&sealer.person(NOBODY).subject_tag(NOBODY, ""));
    let mut digest = [0; 32];
    digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    digest
}

/// Another process may have written the ring since; then it is read again, and the change made once more.
fn reopened<T>(ring: &mut Ring, mut change: impl FnMut(&mut Ring) -> Result<T, ChangeError>) -> Result<T, ChangeError> {
    match change(ring) {
        Err(ChangeError::Ring(RingError::Overtaken)) => {
            ring.reopen()?;
            change(ring)
        }
        done => done,
    }
}

/// The keys of a ring that all who count together have.
pub(crate) fn shared_by_all(ring: &Ring, now: Timestamp) -> Vec<KeyStatus> {
    let keys = ring.status(now).into_iter();
    keys.filter(|key| is_shared(key.key_use)).collect()
}

fn pending(ring: &Ring, now: Timestamp) -> Vec<KeyId> {
    let keys = ring.status(now).into_iter();
    keys.filter(|key| key.state == KeyState::Pending).map(|key| key.id).collect()
}

/// What a ring says of its keys, where more is known of logs than when the key of each was made: a ring that has the keys of several
/// gateways' logs takes the newest alone for the one that is used.
pub(crate) fn by_log(mut all: Vec<KeyStatus>, is_open: impl Fn(&str) -> Option<bool>) -> Vec<KeyStatus> {
    for key in all.iter_mut().filter(|key| matches!(key.state, KeyState::Active | KeyState::Retired)) {
        if let Some(is_open) = key.origin.as_deref().and_then(&is_open) {
            key.state = if is_open { KeyState::Active } else { KeyState::Retired };
        }
    }
    all
}
