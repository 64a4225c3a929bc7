//! The keys as the journey uses them: a snapshot that is read without a lock, renewed when an epoch or a period turns.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{
    ChangeError, DEFAULT_OVERLAP_DAYS, IndexKey, KeyError, KeyId, KeyState, KeyUse, Person, Pseudonyms, Ring,
    RingError, Rotation, Sealer, StateKey, Steady, SubjectTagger, SystemEntropy, Turn,
};
use jiff::{SignedDuration, Timestamp};

use crate::settings::Settings;

/// What the journey needs of the ring.
pub struct Current {
    /// Pseudonyms of the epochs in force.
    pub pseudonyms: Pseudonyms,
    /// The data key of the period.
    pub sealer: Sealer,
    /// For what the gateway remembers of its callers' words.
    pub state: StateKey,
    earlier: Vec<SubjectTagger>,
    steady: Steady,
}

/// The subject tags of one person for one institution, in base64 as they stand in leaves.
pub struct SubjectTags {
    /// Under the data key in force.
    pub current: String,
    /// The bytes of it.
    pub tag: [u8; 32],
    /// Under the data keys of earlier periods that still open.
    pub earlier: Vec<String>,
}

impl Current {
    /// The tags of the person with `number` for `institution` and a group of purposes; `person` has the keys of the
    /// present period.
    #[must_use]
    pub fn subject_tags(&self, person: &Person, institution: &str, purpose_group: &str, number: &str) -> SubjectTags {
        let earlier = self.earlier.iter().filter_map(|key| key.subject_tag(institution, purpose_group, number));
        let tag = person.subject_tag(institution, purpose_group);
        SubjectTags { current: STANDARD.encode(tag), tag, earlier: earlier.map(|tag| STANDARD.encode(tag)).collect() }
    }

    /// The data keys of earlier periods that still open.
    pub(crate) fn earlier(&self) -> impl Iterator<Item = &SubjectTagger> {
        self.earlier.iter()
    }

    fn of(ring: &Ring, origin: &str, now: Timestamp) -> Result<Self, KeyringError> {
        Ok(Self {
            pseudonyms: ring.pseudonyms(now)?,
            sealer: ring.sealer(now, origin)?,
            state: ring.state_key(now)?,
            earlier: ring.previous_sealers(now)?,
            steady: ring.steady(now),
        })
    }
}

/// Why there are no keys to go on with.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A key that is needed now is not in the ring.
    #[error(transparent)]
    Missing(#[from] KeyError),
    /// The ring could not be changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

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
    current: ArcSwap<Current>,
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
            ring: Mutex::new(ring),
            current: ArcSwap::from_pointee(current),
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

    /// Data keys whose month has not come and which `is_named` says no leaf names: each is used once a leaf does.
    pub(crate) fn await_leaves(&self, now: Timestamp, is_named: impl Fn(&KeyId) -> bool) {
        let pending = self.with(|ring| pending(ring, now));
        let unnamed = pending.into_iter().filter(|key| key.key_use() == Some(KeyUse::Data) && !is_named(key));
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

    /// The keys in force.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Stands for the keys by which persons and what they said are counted: who counts together has the same. It tells
    /// nothing of them.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let current = self.current.load();
        keys_digest(&current.state, &current.sealer)
    }

    /// Renews the snapshot, and makes the data key of the period where it is new, if it is made here; that key is used once the log
    /// names it.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn renew(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<(), KeyringError> {
        self.with(|ring| {
            self.noting_news(ring, now, |ring| match self.months {
                Months::Own => reopened(ring, |ring| ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)).map(drop),
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

    /// Takes a data key that was handed out for all who count together; it is used once the log names it.
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

    /// Changes the ring. A data key that is new in it was made now, or by another process that shares the ring, or handed out: this log
    /// does not name it yet.
    fn noting_news(
        &self,
        ring: &mut Ring,
        now: Timestamp,
        change: impl FnOnce(&mut Ring) -> Result<(), ChangeError>,
    ) -> Result<(), ChangeError> {
        let known = data_keys(ring, now);
        let changed = change(ring);
        let news = data_keys(ring, now).into_iter().filter(|key| !known.contains(key));
        self.lock_unrecorded().extend(news.map(|key| Unrecorded { key, of_period: true }));
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

    /// Data keys of a period that has come, which the log must name before they are used.
    #[must_use]
    pub fn unrecorded(&self, now: Timestamp) -> Vec<KeyId> {
        let of_periods: Vec<_> = {
            let unrecorded = self.lock_unrecorded();
            unrecorded.iter().filter(|each| each.of_period).map(|each| each.key.clone()).collect()
        };
        if of_periods.is_empty() {
            return of_periods;
        }
        let pending = self.with(|ring| pending(ring, now));
        of_periods.into_iter().filter(|key| !pending.contains(key)).collect()
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

    /// Whether the snapshot must be renewed by now: keys turn, or the time that the log accepts was set back.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let soon = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
        !self.current.load().steady.contains(soon)
    }

    /// Whether the data key in force is one of a month that is over.
    #[must_use]
    pub fn is_past(&self, now: Timestamp) -> bool {
        now >= self.current.load().sealer.valid_until()
    }

    /// Uses the ring itself: for rotation and tracing.
    pub fn with<R>(&self, use_: impl FnOnce(&mut Ring) -> R) -> R {
        use_(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A leaf names a data key only after the key's own leaf, so a snapshot waits for that.
    fn take_snapshot(&self, ring: &Ring, now: Timestamp) -> Result<(), KeyringError> {
        let next = Current::of(ring, &self.origin, now)?;
        if !self.lock_unrecorded().iter().any(|unrecorded| unrecorded.key == *next.sealer.key_id()) {
            self.current.store(Arc::new(next));
        }
        Ok(())
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

fn data_keys(ring: &Ring, now: Timestamp) -> Vec<KeyId> {
    let keys = ring.status(now).into_iter();
    keys.filter(|key| key.key_use == KeyUse::Data).map(|key| key.id).collect()
}

fn pending(ring: &Ring, now: Timestamp) -> Vec<KeyId> {
    let keys = ring.status(now).into_iter();
    keys.filter(|key| key.state == KeyState::Pending).map(|key| key.id).collect()
}
