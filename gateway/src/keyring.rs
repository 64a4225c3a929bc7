//! The keys as the journey uses them: a snapshot that is read without a lock, renewed when an epoch or a period turns.

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
    /// Under the data keys of earlier periods that still open.
    pub earlier: Vec<String>,
}

impl Current {
    /// The tags of the person with `number` for `institution` and a group of purposes; `person` has the keys of the
    /// present period.
    #[must_use]
    pub fn subject_tags(&self, person: &Person, institution: &str, purpose_group: &str, number: &str) -> SubjectTags {
        let earlier = self.earlier.iter().filter_map(|key| key.subject_tag(institution, purpose_group, number));
        SubjectTags {
            current: STANDARD.encode(person.subject_tag(institution, purpose_group)),
            earlier: earlier.map(|tag| STANDARD.encode(tag)).collect(),
        }
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
}

struct Unrecorded {
    key: KeyId,
    /// Made for a new period; the others are of a turn that an administrator asked for, who asks again.
    of_period: bool,
}

impl Keyring {
    /// A key ring in use for the log `origin`. Where the period is new, its data key is made.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn new(mut ring: Ring, origin: &str, now: Timestamp, entropy: &SystemEntropy) -> Result<Self, KeyringError> {
        let made = newly_made(ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?);
        let current = Current::of(&ring, origin, now)?;
        Ok(Self {
            ring: Mutex::new(ring),
            current: ArcSwap::from_pointee(current),
            unrecorded: Mutex::new(made.map(|key| Unrecorded { key, of_period: true }).into_iter().collect()),
            destroyed: Mutex::default(),
            index: OnceLock::new(),
            origin: origin.to_owned(),
        })
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

    /// Renews the snapshot, and makes the data key of the period where it is new; that key is used once the log names it.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn renew(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<(), KeyringError> {
        self.with(|ring| {
            let known = data_keys(ring, now);
            reopened(ring, |ring| ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy))?;
            // Made now, or before by another process that shares the ring: this log names neither yet.
            let news = data_keys(ring, now).into_iter().filter(|key| !known.contains(key));
            self.lock_unrecorded().extend(news.map(|key| Unrecorded { key, of_period: true }));
            self.take_snapshot(ring, now)
        })
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

#[cfg(test)]
mod tests {
    use credit_keys::Kek;
    use jiff::ToSpan;

    use super::*;
    use crate::scratch::Scratch;

    const ORIGIN: &str = "credit-gateway.example/test/r1";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn keyring(now: Timestamp) -> (Scratch, Keyring) {
        let (folder, entropy) = (Scratch::new(), SystemEntropy::new());
        let kek = Kek::create_key_file(&folder.path().join("ring.key"), &entropy).unwrap();
        let ring = Ring::create(&folder.path().join("keys"), &kek, now, ORIGIN, true, &entropy).unwrap();
        (folder, Keyring::new(ring, ORIGIN, now, &entropy).unwrap())
    }

    fn names(keys: &[KeyId]) -> Vec<&str> {
        keys.iter().map(KeyId::as_str).collect()
    }

    #[test]
    fn a_turn_that_is_not_on_the_record_is_finished_and_not_made_twice() {
        let begin = at("2026-11-20T00:00:00Z");
        let (_folder, keyring) = keyring(begin);
        let rotate = |days: i64, key_use| {
            let now = begin.saturating_add((24 * days).hours()).unwrap();
            keyring.rotate(key_use, now, 30, true, &SystemEntropy::new()).unwrap()
        };
        let issued = || keyring.current().pseudonyms.issue("bank", "credit", "990001199003071012");
        let before = issued().current.as_str().to_owned();
        let turned = rotate(1, KeyUse::Pseudonym);
        assert_eq!(names(&turned), ["pseudonym-2", "tag-2"]);
        assert_eq!(rotate(2, KeyUse::Pseudonym), turned, "its leaves are missing");
        assert_eq!(issued().previous.unwrap().as_str(), before, "institutions hold it");
        let mark = |key: &KeyId| keyring.mark_introduced(key, at("2026-11-22T00:00:00Z")).unwrap();
        mark(&turned[0]);
        assert_eq!(names(&rotate(2, KeyUse::Pseudonym)), ["tag-2"], "one leaf of the turn is there");
        assert_eq!(names(&rotate(2, KeyUse::State)), ["state-2"], "another use turns by itself");
        mark(&turned[1]);
        assert_eq!(names(&rotate(3, KeyUse::Pseudonym)), ["pseudonym-3", "tag-3"]);
    }

    #[test]
    fn a_data_key_is_used_once_the_log_names_it() {
        let now = at("2026-11-30T23:59:59Z");
        let (_folder, keyring) = keyring(now);
        let sealer = || keyring.current().sealer.key_id().as_str().to_owned();
        let next = at("2026-12-01T00:00:00Z");
        for _ in 0..2 {
            assert!(keyring.is_due(now), "as long as its leaf is missing");
            keyring.renew(next, &SystemEntropy::new()).unwrap();
            assert_eq!(sealer(), "data-2026-11");
            assert_eq!(names(&keyring.unrecorded(now)), [""; 0], "its month has not come");
            assert_eq!(names(&keyring.unrecorded(next)), ["data-2026-12"]);
        }
        keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
        assert_eq!(sealer(), "data-2026-12");
        assert!(!keyring.is_due(next) && keyring.unrecorded(next).is_empty());
        let turned =
            keyring.rotate(KeyUse::Data, at("2026-12-05T00:00:00Z"), 30, false, &SystemEntropy::new()).unwrap();
        assert_eq!((sealer().as_str(), names(&turned)), ("data-2026-12", vec!["data-2026-12-2"]));
        assert_eq!(names(&keyring.unrecorded(at("2026-12-06T00:00:00Z"))), [""; 0], "who asked for it asks again");
        keyring.mark_introduced(&turned[0], at("2026-12-05T00:00:01Z")).unwrap();
        assert_eq!(sealer(), "data-2026-12-2");
    }

    #[test]
    fn a_key_that_was_handed_out_before_its_month_is_named_by_this_log_before_it_is_used() {
        let now = at("2026-11-20T00:00:00Z");
        let (folder, keyring) = keyring(now);
        let entropy = SystemEntropy::new();
        let kek = Kek::from_key_file(&folder.path().join("ring.key")).unwrap();
        let (next, sealer) = (at("2026-12-01T00:00:00Z"), || keyring.current().sealer.key_id().as_str().to_owned());
        // Another process writes the ring, as one does that was given it by another gateway.
        let mut other = Ring::open(&folder.path().join("keys"), &kek).unwrap();
        assert!(other.ensure_period(next, DEFAULT_OVERLAP_DAYS, &entropy).unwrap().made);
        keyring.renew(next, &entropy).unwrap();
        assert_eq!((sealer().as_str(), names(&keyring.unrecorded(next))), ("data-2026-11", vec!["data-2026-12"]));
        keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
        assert_eq!(sealer(), "data-2026-12");
        let of = |ring: &Ring| ring.status(next).into_iter().map(|key| key.fingerprint).collect::<Vec<_>>();
        assert_eq!(keyring.with(|ring| of(ring)), of(&other), "the one that was handed out");
    }

    #[test]
    fn keys_that_cannot_be_renewed_are_past_until_the_ring_can_be_written_again() {
        let (folder, keyring) = keyring(at("2026-11-30T23:59:58Z"));
        let (ring, away) = (folder.path().join("keys"), folder.path().join("away"));
        let entropy = SystemEntropy::new();
        std::fs::rename(&ring, &away).unwrap();
        let next = at("2026-12-01T00:00:00Z");
        assert!(keyring.renew(next, &entropy).is_err());
        assert!(!keyring.is_past(at("2026-11-30T23:59:59.999999Z")), "its month is not over");
        assert!(keyring.is_past(next));
        std::fs::rename(&away, &ring).unwrap();
        keyring.renew(next, &entropy).unwrap();
        assert!(keyring.is_past(next), "its leaf is missing");
        keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), next).unwrap();
        assert!(!keyring.is_past(next));
    }

    #[test]
    fn keys_turn_back_when_the_clock_does() {
        let now = at("2026-11-20T00:00:00Z");
        let (_folder, keyring) = keyring(now);
        let entropy = SystemEntropy::new();
        let sealer = || keyring.current().sealer.key_id().as_str().to_owned();
        assert!(!keyring.is_due(now));
        // 40 days too far, for a moment in which even the log believed it.
        let wrong = at("2026-12-30T00:00:00Z");
        assert!(keyring.is_due(wrong));
        keyring.renew(wrong, &entropy).unwrap();
        keyring.mark_introduced(&KeyId::parse("data-2026-12").unwrap(), wrong).unwrap();
        assert_eq!(sealer(), "data-2026-12");
        let right = at("2026-11-20T00:00:02Z");
        assert!(keyring.is_due(right), "it stays with keys of another month");
        keyring.renew(right, &entropy).unwrap();
        assert_eq!(sealer(), "data-2026-11");
        assert!(!keyring.is_due(right));
    }
}
