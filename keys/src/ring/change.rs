//! Changes of the ring: each is on disk, whole, before memory takes it over.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    at_rest::Ring,
    entry::{Key, KeyState, Punctured, Stored},
    error::{ChangeError, RingError},
    file::{Content, RingKey},
    turn::{next_epoch, next_in_month, parse_origin, push_data},
};
use crate::{
    entropy::Entropy,
    id::{KeyId, KeyUse},
    kek::Kek,
    secret::Material,
};

/// A turn of the keys of one use, as it is asked for.
pub struct Rotation<'a> {
    /// Pseudonym (the tag keys turn with it), state, data or ring.
    pub key_use: KeyUse,
    /// The time that the log accepts, from which the new key is in force.
    pub now: Timestamp,
    /// Days for which the key before is still accepted.
    pub overlap_days: u16,
    /// Whether to turn although that retires a key which is still accepted.
    pub end_overlap: bool,
    /// Whether the log has introduced this key.
    pub is_introduced: &'a dyn Fn(&KeyId) -> bool,
}

/// What became of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The keys that the log must name next.
    pub keys: Vec<KeyId>,
    /// Whether they are new; false where an earlier turn made them.
    pub made: bool,
}

impl Ring {
    /// Puts a new key of a use in force, and accepts the one before for some days more. If the newest key is not in the
    /// log yet, no other is made: its turn is to be finished first. So a turn whose record failed can be asked for again.
    ///
    /// # Errors
    /// [`ChangeError`]; then the ring is as it was, but for [`FileError::UnknownFate`](crate::FileError::UnknownFate),
    /// which the next change settles.
    pub fn rotate(&mut self, rotation: &Rotation<'_>, entropy: &dyn Entropy) -> Result<Turn, ChangeError> {
        self.settle()?;
        let Rotation { key_use, now, overlap_days, .. } = *rotation;
        match key_use {
            KeyUse::Tag => return Err(ChangeError::TurnsWithPseudonym),
            KeyUse::Log => return Err(ChangeError::NeedsOrigin),
            KeyUse::Pseudonym | KeyUse::State | KeyUse::Index | KeyUse::Data | KeyUse::Ring => {}
        }
        let mut unfinished = self.newest(key_use, now);
        unfinished.retain(|id| !(rotation.is_introduced)(id));
        if !unfinished.is_empty() {
            return Ok(Turn { keys: unfinished, made: false });
        }
        let mut keys = self.content.keys.clone();
        let ids = match key_use {
            KeyUse::Ring => return Ok(Turn { keys: vec![self.rotate_ring_key(now, entropy)?], made: true }),
            KeyUse::Data => vec![next_in_month(&mut keys, now, overlap_days, entropy)?],
            KeyUse::Pseudonym | KeyUse::Tag | KeyUse::State | KeyUse::Index | KeyUse::Log => {
                if !rotation.end_overlap {
                    self.check_no_overlap(key_use, now)?;
                }
                let uses = turning_with(key_use).iter();
                uses.map(|each| next_epoch(&mut keys, *each, now, overlap_days, entropy)).collect::<Result<_, _>>()?
            }
        };
        self.commit_keys(keys, entropy)?;
        Ok(Turn { keys: ids, made: true })
    }

    /// Locks the ring anew: by another key encryption key, under which a new key of the ring is wrapped. Copies of the file from
    /// before open with the old one alone.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn lock_anew(&mut self, kek: &Kek, now: Timestamp, entropy: &dyn Entropy) -> Result<KeyId, ChangeError> {
        self.settle()?;
        let (material, lock) = kek.lock(entropy).map_err(RingError::from)?;
        let (ring, ring_key) = self.next_ring_key(&material, now, entropy)?;
        let id = ring.id();
        let content = Content { lock, ring, ..self.content.clone() };
        self.commit(content, Arc::new(ring_key), entropy)?;
        self.kek = material;
        Ok(id)
    }

    /// Makes the data key of the calendar month (UTC) of `at` unless the ring has it; it will be accepted for
    /// `overlap_days` after the month. Names the key in force in either case. A wrong `at` takes nothing away: the key of
    /// another month waits until its time comes.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn ensure_period(
        &mut self,
        at: Timestamp,
        overlap_days: u16,
        entropy: &dyn Entropy,
    ) -> Result<Turn, ChangeError> {
        self.settle()?;
        if let Ok(key) = self.in_force(KeyUse::Data, at) {
            return Ok(Turn { keys: vec![key.entry.id.clone()], made: false });
        }
        let mut keys = self.content.keys.clone();
        let id = push_data(&mut keys, at, overlap_days, entropy)?;
        self.commit_keys(keys, entropy)?;
        Ok(Turn { keys: vec![id], made: true })
    }

    /// Makes the key of the index unless the ring has one in force.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn ensure_index(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Result<(), ChangeError> {
        self.settle()?;
        if self.in_force(KeyUse::Index, now).is_ok() {
            return Ok(());
        }
        let mut keys = self.content.keys.clone();
        next_epoch(&mut keys, KeyUse::Index, now, 0, entropy)?;
        self.commit_keys(keys, entropy)
    }

    /// Makes the signing key of a new log and retires the one before, which still signs the last checkpoint of the old
    /// log: a log's key is never changed under it.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn open_log(&mut self, origin: &str, now: Timestamp, entropy: &dyn Entropy) -> Result<KeyId, ChangeError> {
        self.settle()?;
        let origin = parse_origin(origin)?;
        let mut keys = self.content.keys.clone();
        if keys.iter().any(|key| key.entry.origin.as_ref() == Some(&origin)) {
            return Err(ChangeError::OriginTaken { origin });
        }
        let id = next_epoch(&mut keys, KeyUse::Log, now, 0, entropy)?;
        if let Some(key) = keys.last_mut() {
            key.entry.origin = Some(origin);
        }
        self.commit_keys(keys, entropy)?;
        Ok(id)
    }

    /// Destroys a key that is no longer in force. What a data key sealed cannot be opened any more, nor its subject tags
    /// linked. The material leaves the ring's file and this ring at once; snapshots taken before keep it until they
    /// are dropped, and copies of the file (backups, blocks that a disk has not reused) as long as the key encryption
    /// key lives.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn destroy(&mut self, id: &KeyId, now: Timestamp, entropy: &dyn Entropy) -> Result<(), ChangeError> {
        self.settle()?;
        let mut keys = self.content.keys.clone();
        let key = self.out_of_use(&mut keys, id, now)?;
        key.entry.destroyed = Some(now);
        key.entry.punctured = None;
        key.stored = Stored::Destroyed;
        self.commit_keys(keys, entropy)
    }

    /// Destroys what these data keys sealed about one person, and the person's tags; the records of all others still
    /// open. All of the keys or none change. A data key in force must be rotated first: afterwards it seals nothing
    /// more. The limits of [`destroy`](Self::destroy) hold here too.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn destroy_person(
        &mut self,
        ids: &[KeyId],
        number: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), ChangeError> {
        self.settle()?;
        let mut keys = self.content.keys.clone();
        for id in ids {
            let key = self.out_of_use(&mut keys, id, now)?;
            if key.entry.key_use != KeyUse::Data {
                return Err(ChangeError::NotData(id.clone()));
            }
            let present = key.person_keys().map_err(|_| ChangeError::AlreadyDestroyed(id.clone()))?;
            let others = present.without(number).ok_or_else(|| ChangeError::PersonDestroyed(id.clone()))?;
            key.entry.punctured = Some(Punctured { last: now, subtrees: others.subtrees() });
            key.stored = Stored::Punctured(Arc::new(others));
        }
        self.commit_keys(keys, entropy)
    }

    /// Whether this data key still has what opens the records of a person.
    #[must_use]
    pub fn opens_for(&self, id: &KeyId, number: &str) -> bool {
        let key = self.content.keys.iter().find(|key| key.entry.id == *id && key.entry.key_use == KeyUse::Data);
        key.and_then(|key| key.person_keys().ok()).is_some_and(|keys| keys.without(number).is_some())
    }

    /// The newest key of a use, with the one that turns together with it; of data keys the one in force.
    fn newest(&self, key_use: KeyUse, now: Timestamp) -> Vec<KeyId> {
        match key_use {
            KeyUse::Ring => vec![self.content.ring.id()],
            KeyUse::Data => self.in_force(key_use, now).map(|key| key.entry.id.clone()).into_iter().collect(),
            KeyUse::Pseudonym | KeyUse::Tag | KeyUse::State | KeyUse::Index | KeyUse::Log => {
                let newest = turning_with(key_use).iter().filter_map(|each| self.of_use(*each).last());
                newest.map(|key| key.entry.id.clone()).collect()
            }
        }
    }

    pub(super) fn check_no_overlap(&self, key_use: KeyUse, now: Timestamp) -> Result<(), ChangeError> {
        match self.accepted(key_use, now).find_map(|key| Some((key, key.entry.ends?))) {
            Some((key, ends)) => {
                Err(ChangeError::OverlapUnderWay { key: key.entry.id.clone(), until: ends.accepted_until })
            }
            None => Ok(()),
        }
    }

    /// A key that nothing new is made with any more.
    fn out_of_use<'k>(&self, keys: &'k mut [Key], id: &KeyId, now: Timestamp) -> Result<&'k mut Key, ChangeError> {
        if *id == self.content.ring.id() {
            return Err(ChangeError::InUse(id.clone()));
        }
        let key = keys.iter_mut().find(|key| key.entry.id == *id).ok_or_else(|| ChangeError::UnknownKey(id.clone()))?;
        match key.entry.state(now) {
            KeyState::Accepted | KeyState::Retired => Ok(key),
            KeyState::Pending | KeyState::Active => Err(ChangeError::InUse(id.clone())),
            KeyState::Destroyed => Err(ChangeError::AlreadyDestroyed(id.clone())),
        }
    }

    fn rotate_ring_key(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Result<KeyId, ChangeError> {
        let (ring, ring_key) = self.next_ring_key(&self.kek, now, entropy)?;
        let id = ring.id();
        let content = Content { ring, ..self.content.clone() };
        self.commit(content, Arc::new(ring_key), entropy)?;
        Ok(id)
    }

    fn next_ring_key(
        &self,
        kek: &Material,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(RingKey, Material), ChangeError> {
        let before = &self.content.ring;
        if now <= before.activates {
            return Err(ChangeError::ClockBehind(before.id()));
        }
        Ok(RingKey::make(before.epoch + 1, now, kek, entropy)?)
    }

    pub(super) fn commit_keys(&mut self, keys: Vec<Key>, entropy: &dyn Entropy) -> Result<(), ChangeError> {
        let content = Content { keys, ..self.content.clone() };
        let ring_key = Arc::clone(&self.ring_key);
        Ok(self.commit(content, ring_key, entropy)?)
    }
}

/// The uses whose keys turn together.
pub(super) fn turning_with(key_use: KeyUse) -> &'static [KeyUse] {
    match key_use {
        KeyUse::Pseudonym | KeyUse::Tag => &[KeyUse::Pseudonym, KeyUse::Tag],
        KeyUse::State => &[KeyUse::State],
        KeyUse::Index => &[KeyUse::Index],
        KeyUse::Data => &[KeyUse::Data],
        KeyUse::Log => &[KeyUse::Log],
        KeyUse::Ring => &[KeyUse::Ring],
    }
}
