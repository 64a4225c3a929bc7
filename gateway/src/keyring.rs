//! The keys as the journey uses them: a snapshot that is read without a lock, renewed when an epoch or a period turns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{
    ChangeError, DEFAULT_OVERLAP_DAYS, KeyError, KeyId, KeyState, KeyUse, Pseudonyms, Ring, Sealer, StateKey, SubjectTagger,
    SystemEntropy,
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
    /// The instant for which these are the keys in force.
    at: Timestamp,
}

/// The subject tags of one person for one institution, in base64 as they stand in leaves.
pub struct SubjectTags {
    /// Under the data key in force.
    pub current: String,
    /// Under the data keys of earlier periods that still open.
    pub earlier: Vec<String>,
}

impl Current {
    /// The tags of `number` for `institution`.
    #[must_use]
    pub fn subject_tags(&self, institution: &str, number: &str) -> SubjectTags {
        SubjectTags {
            current: STANDARD.encode(self.sealer.subject_tag(institution, number)),
            earlier: self.earlier.iter().map(|key| STANDARD.encode(key.subject_tag(institution, number))).collect(),
        }
    }

    fn of(ring: &Ring, origin: &str, now: Timestamp) -> Result<Self, KeyringError> {
        Ok(Self {
            pseudonyms: ring.pseudonyms(now)?,
            sealer: ring.sealer(now, origin)?,
            state: ring.state_key(now)?,
            earlier: ring.previous_sealers(now)?,
            at: now,
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

/// The ring and its snapshot. Every instant that it is given is one that the log accepts, not the raw clock: a clock that
/// is wrong for a moment must turn no key.
pub struct Keyring {
    ring: Mutex<Ring>,
    current: ArcSwap<Current>,
    /// Keys that this process made and no leaf names yet.
    unrecorded: Mutex<Vec<KeyId>>,
    origin: String,
}

impl Keyring {
    /// A key ring in use for the log `origin`. Where the period is new, its data key is made.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn new(
        mut ring: Ring,
        origin: &str,
        now: Timestamp,
        entropy: &SystemEntropy,
    ) -> Result<Self, KeyringError> {
        let made = ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?;
        let current = Current::of(&ring, origin, now)?;
        Ok(Self {
            ring: Mutex::new(ring),
            current: ArcSwap::from_pointee(current),
            unrecorded: Mutex::new(made.into_iter().collect()),
            origin: origin.to_owned(),
        })
    }

    /// The keys in force.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Renews the snapshot, and makes the data key of the period where it is new.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn renew(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<(), KeyringError> {
        self.with(|ring| {
            let made = ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?;
            self.lock_unrecorded().extend(made);
            self.current.store(Arc::new(Current::of(ring, &self.origin, now)?));
            Ok(())
        })
    }

    /// Turns the keys of one use, and renews the snapshot; gives the keys that the log must name next. Where a turn of
    /// this use is not on the record yet, these are its keys, and no others are made.
    ///
    /// # Errors
    /// When the ring cannot be written; nothing has changed then.
    pub fn rotate(
        &self,
        key_use: KeyUse,
        now: Timestamp,
        overlap_days: u16,
        entropy: &SystemEntropy,
    ) -> Result<Vec<KeyId>, KeyringError> {
        self.with(|ring| {
            let unfinished = self.unrecorded_of(ring, key_use, now);
            if !unfinished.is_empty() {
                return Ok(unfinished);
            }
            let made = ring.rotate(key_use, now, overlap_days, entropy)?;
            self.lock_unrecorded().extend(made.iter().cloned());
            self.current.store(Arc::new(Current::of(ring, &self.origin, now)?));
            Ok(made)
        })
    }

    /// Keys in force at `now` that the log must name.
    #[must_use]
    pub fn unrecorded(&self, now: Timestamp) -> Vec<KeyId> {
        let unrecorded = self.lock_unrecorded().clone();
        if unrecorded.is_empty() {
            return unrecorded;
        }
        let pending = self.with(|ring| pending(ring, now));
        unrecorded.into_iter().filter(|id| !pending.contains(id)).collect()
    }

    /// From now on the log names this key.
    pub fn mark_introduced(&self, key: &KeyId) {
        self.lock_unrecorded().retain(|other| other != key);
    }

    /// Whether the snapshot must be renewed by now: keys turn, or the time that the log accepts is before the one for
    /// which they were turned.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let current = self.current.load();
        let soon = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
        let turns = |until: Timestamp| until <= soon;
        soon < current.at || turns(current.sealer.valid_until()) || current.pseudonyms.valid_until().is_some_and(turns)
    }

    /// Uses the ring itself: for rotation and tracing.
    pub fn with<R>(&self, use_: impl FnOnce(&mut Ring) -> R) -> R {
        use_(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock_unrecorded(&self) -> MutexGuard<'_, Vec<KeyId>> {
        self.unrecorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A tag key turns together with a pseudonym key.
    fn unrecorded_of(&self, ring: &Ring, key_use: KeyUse, now: Timestamp) -> Vec<KeyId> {
        let turns = |other: KeyUse| other == key_use || (key_use, other) == (KeyUse::Pseudonym, KeyUse::Tag);
        let unrecorded = self.lock_unrecorded();
        let keys = ring.status(now).into_iter();
        keys.filter(|key| turns(key.key_use) && key.state != KeyState::Pending && unrecorded.contains(&key.id))
            .map(|key| key.id)
            .collect()
    }
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
            keyring.rotate(key_use, now, 30, &SystemEntropy::new()).unwrap()
        };
        let issued = || keyring.current().pseudonyms.issue("bank", "credit", "990001199003071012");
        let before = issued().current.as_str().to_owned();
        let turned = rotate(1, KeyUse::Pseudonym);
        assert_eq!(names(&turned), ["pseudonym-2", "tag-2"]);
        assert_eq!(rotate(2, KeyUse::Pseudonym), turned, "its leaves are missing");
        assert_eq!(issued().previous.unwrap().as_str(), before, "institutions hold it");
        keyring.mark_introduced(&turned[0]);
        assert_eq!(names(&rotate(2, KeyUse::Pseudonym)), ["tag-2"], "one leaf of the turn is there");
        assert_eq!(names(&rotate(2, KeyUse::State)), ["state-2"], "another use turns by itself");
        keyring.mark_introduced(&turned[1]);
        assert_eq!(names(&keyring.unrecorded(at("2026-11-23T00:00:00Z"))), ["state-2"]);
        assert_eq!(names(&rotate(3, KeyUse::Pseudonym)), ["pseudonym-3", "tag-3"]);
    }

    #[test]
    fn keys_turn_back_when_the_clock_does() {
        let now = at("2026-11-20T00:00:00Z");
        let (_folder, keyring) = keyring(now);
        let entropy = SystemEntropy::new();
        let sealer = || keyring.current().sealer.key_id().as_str().to_owned();
        assert!(!keyring.is_due(now));
        assert_eq!(sealer(), "data-2026-11");
        // 40 days too far, for a moment.
        let wrong = at("2026-12-30T00:00:00Z");
        assert!(keyring.is_due(wrong));
        keyring.renew(wrong, &entropy).unwrap();
        assert_eq!(sealer(), "data-2026-12");
        let right = at("2026-11-20T00:00:02Z");
        assert!(keyring.is_due(right), "it stays with keys of another month");
        keyring.renew(right, &entropy).unwrap();
        assert_eq!(sealer(), "data-2026-11");
        assert!(!keyring.is_due(right));
        assert_eq!(names(&keyring.unrecorded(right)), [""; 0], "a key that waits for its month needs no leaf yet");
        assert_eq!(names(&keyring.unrecorded(at("2026-12-01T00:00:00Z"))), ["data-2026-12"]);
    }
}
