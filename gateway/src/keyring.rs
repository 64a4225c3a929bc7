//! The keys as the journey uses them: a snapshot that is read without a lock, renewed when an epoch or a period turns.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use base64::{Engine, engine::general_purpose::STANDARD};
use credit_keys::{
    ChangeError, DEFAULT_OVERLAP_DAYS, KeyError, KeyId, KeyUse, Pseudonyms, Ring, RingError, Rotation, Sealer,
    StateKey, Steady, SubjectTagger, SystemEntropy, Turn,
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
    /// The tags of `number` for `institution` and a group of purposes.
    #[must_use]
    pub fn subject_tags(&self, institution: &str, purpose_group: &str, number: &str) -> SubjectTags {
        let earlier = self.earlier.iter().filter_map(|key| key.subject_tag(institution, purpose_group, number));
        SubjectTags {
            current: STANDARD.encode(self.sealer.person(number).subject_tag(institution, purpose_group)),
            earlier: earlier.map(|tag| STANDARD.encode(tag)).collect(),
        }
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

/// The ring and its snapshot.
pub struct Keyring {
    ring: Mutex<Ring>,
    current: ArcSwap<Current>,
    origin: String,
}

impl Keyring {
    /// A key ring in use for the log `origin`, and the data key that was made if the period is new.
    ///
    /// # Errors
    /// When a key that is needed now is missing or cannot be written.
    pub fn new(
        mut ring: Ring,
        origin: &str,
        now: Timestamp,
        entropy: &SystemEntropy,
    ) -> Result<(Self, Option<KeyId>), KeyringError> {
        let made = newly_made(ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?);
        let current = Current::of(&ring, origin, now)?;
        let keyring =
            Self { ring: Mutex::new(ring), current: ArcSwap::from_pointee(current), origin: origin.to_owned() };
        Ok((keyring, made))
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
    pub fn renew(&self, now: Timestamp, entropy: &SystemEntropy) -> Result<Option<KeyId>, KeyringError> {
        self.with(|ring| {
            let turn = match ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy) {
                Err(ChangeError::Ring(RingError::Overtaken)) => {
                    ring.reopen().map_err(ChangeError::from)?;
                    ring.ensure_period(now, DEFAULT_OVERLAP_DAYS, entropy)?
                }
                done => done?,
            };
            self.current.store(Arc::new(Current::of(ring, &self.origin, now)?));
            Ok(newly_made(turn))
        })
    }

    /// Turns the keys of one use, and renews the snapshot.
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
            let rotation = Rotation { key_use, now, overlap_days, end_overlap: true, is_introduced: &|_: &KeyId| true };
            let turn = ring.rotate(&rotation, entropy)?;
            self.current.store(Arc::new(Current::of(ring, &self.origin, now)?));
            Ok(turn.keys)
        })
    }

    /// Whether the snapshot must be renewed by now: because a key turned, or because the clock was set back.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let soon = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
        !self.current.load().steady.contains(soon)
    }

    /// Uses the ring itself: for status, rotation and tracing.
    pub fn with<R>(&self, use_: impl FnOnce(&mut Ring) -> R) -> R {
        use_(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
