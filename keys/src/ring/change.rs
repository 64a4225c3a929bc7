//! Changes of the ring: each is on disk, whole, before it holds in memory.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::{
    ChangeError, Ring,
    entry::{Ends, Entry, Key, KeyState},
    file::{Content, RingKey},
};
use crate::{
    entropy::{Entropy, EntropyError},
    id::{KeyId, KeyUse},
    secret::Material,
};

/// The overlap to use where nobody asks for another, in days.
pub const DEFAULT_OVERLAP_DAYS: u16 = 30;

impl Ring {
    /// Puts a new key of this use in force at `now`, and accepts the one before for `overlap_days` more. Tag keys
    /// turn together with the pseudonym keys. The ids of the new keys are what the log must name.
    ///
    /// # Errors
    /// [`ChangeError`]; then the ring is as it was.
    pub fn rotate(
        &mut self,
        key_use: KeyUse,
        now: Timestamp,
        overlap_days: u16,
        entropy: &dyn Entropy,
    ) -> Result<Vec<KeyId>, ChangeError> {
        let mut keys = self.content.keys.clone();
        let ids = match key_use {
            KeyUse::Pseudonym => vec![
                next_epoch(&mut keys, KeyUse::Pseudonym, now, overlap_days, entropy)?,
                next_epoch(&mut keys, KeyUse::Tag, now, overlap_days, entropy)?,
            ],
            KeyUse::State => vec![next_epoch(&mut keys, key_use, now, overlap_days, entropy)?],
            KeyUse::Data => vec![next_in_month(&mut keys, now, overlap_days, entropy)?],
            KeyUse::Ring => return Ok(vec![self.rotate_ring_key(now, entropy)?]),
            KeyUse::Tag => return Err(ChangeError::TurnsWithPseudonym),
            KeyUse::Log => return Err(ChangeError::NeedsOrigin),
        };
        self.commit_keys(keys, entropy)?;
        Ok(ids)
    }

    /// Makes the data key of the calendar month (UTC) of `at` unless the ring has it; it will be accepted for
    /// `overlap_days` after the month. The id of a key that was made is what the log must name.
    ///
    /// # Errors
    /// [`ChangeError`]; then the ring is as it was.
    pub fn ensure_period(
        &mut self,
        at: Timestamp,
        overlap_days: u16,
        entropy: &dyn Entropy,
    ) -> Result<Option<KeyId>, ChangeError> {
        if self.in_force(KeyUse::Data, at).is_ok() {
            return Ok(None);
        }
        let mut keys = self.content.keys.clone();
        let id = push_data(&mut keys, at, overlap_days, entropy)?;
        self.commit_keys(keys, entropy)?;
        Ok(Some(id))
    }

    /// Makes the signing key of a new log and retires the one before, which still signs the last checkpoint of the old
    /// log: a log's key is never changed under it.
    ///
    /// # Errors
    /// [`ChangeError`]; then the ring is as it was.
    pub fn open_log(&mut self, origin: &str, now: Timestamp, entropy: &dyn Entropy) -> Result<KeyId, ChangeError> {
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
    /// [`ChangeError`]; then the ring is as it was.
    pub fn destroy(&mut self, id: &KeyId, now: Timestamp, entropy: &dyn Entropy) -> Result<(), ChangeError> {
        if *id == self.content.ring.id() {
            return Err(ChangeError::InUse(id.clone()));
        }
        let mut keys = self.content.keys.clone();
        let key = keys.iter_mut().find(|key| key.entry.id == *id).ok_or_else(|| ChangeError::UnknownKey(id.clone()))?;
        match key.entry.state(now) {
            KeyState::Accepted | KeyState::Retired => {}
            KeyState::Pending | KeyState::Active => return Err(ChangeError::InUse(id.clone())),
            KeyState::Destroyed => return Err(ChangeError::AlreadyDestroyed(id.clone())),
        }
        key.entry.destroyed = Some(now);
        key.material = None;
        self.commit_keys(keys, entropy)
    }

    fn rotate_ring_key(&mut self, now: Timestamp, entropy: &dyn Entropy) -> Result<KeyId, ChangeError> {
        let before = &self.content.ring;
        if now <= before.activates {
            return Err(ChangeError::ClockBehind(before.id()));
        }
        let (ring, ring_key) = RingKey::make(before.epoch + 1, now, &self.kek, entropy)?;
        let id = ring.id();
        let content = Content { ring, ..self.content.clone() };
        self.commit(content, Some(ring_key), entropy)?;
        Ok(id)
    }

    fn commit_keys(&mut self, keys: Vec<Key>, entropy: &dyn Entropy) -> Result<(), ChangeError> {
        let content = Content { keys, ..self.content.clone() };
        Ok(self.commit(content, None, entropy)?)
    }
}

/// The keys of a new ring.
pub(super) fn first_keys(now: Timestamp, origin: &str, entropy: &dyn Entropy) -> Result<Vec<Key>, ChangeError> {
    let origin = parse_origin(origin)?;
    let mut keys = Vec::new();
    for key_use in [KeyUse::Pseudonym, KeyUse::Tag, KeyUse::State, KeyUse::Log] {
        push_epoch(&mut keys, key_use, now, entropy)?;
    }
    if let Some(log) = keys.last_mut() {
        log.entry.origin = Some(origin);
    }
    push_data(&mut keys, now, DEFAULT_OVERLAP_DAYS, entropy)?;
    Ok(keys)
}

/// Supersedes the active key of a use and makes the next.
fn next_epoch(
    keys: &mut Vec<Key>,
    key_use: KeyUse,
    now: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let ends = ends(now, overlap_days)?;
    for key in keys.iter_mut().filter(|key| key.entry.key_use == key_use) {
        if key.entry.activates >= now {
            return Err(ChangeError::ClockBehind(key.entry.id.clone()));
        }
        match &mut key.entry.ends {
            None => key.entry.ends = Some(ends),
            // Only the key just before is accepted: an overlap still under way ends here.
            Some(earlier) => earlier.accepted_until = earlier.accepted_until.min(now),
        }
    }
    push_epoch(keys, key_use, now, entropy)
}

fn push_epoch(
    keys: &mut Vec<Key>,
    key_use: KeyUse,
    activates: Timestamp,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let epoch = next_number(keys, key_use);
    let entry = Entry {
        id: KeyId::of_epoch(key_use, epoch),
        key_use,
        epoch,
        origin: None,
        activates,
        ends: None,
        destroyed: None,
    };
    Ok(push(keys, entry, entropy)?)
}

/// Supersedes the data key in force within its month.
fn next_in_month(
    keys: &mut Vec<Key>,
    now: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let ends = ends(now, overlap_days)?;
    for key in keys.iter_mut().filter(|key| key.entry.key_use == KeyUse::Data) {
        if key.entry.state(now) == KeyState::Active {
            key.entry.ends = Some(ends);
        }
    }
    push_data(keys, now, overlap_days, entropy)
}

/// Makes a data key for the rest of the month of `at`; the first of a month is in force from its beginning.
fn push_data(
    keys: &mut Vec<Key>,
    at: Timestamp,
    overlap_days: u16,
    entropy: &dyn Entropy,
) -> Result<KeyId, ChangeError> {
    let month = month_of(at);
    let next_month = month.checked_add(1.month()).map_err(|_| ChangeError::Time)?;
    let mut made = 0;
    for Key { entry, .. } in keys.iter() {
        if entry.key_use == KeyUse::Data && month_of(entry.activates) == month {
            if entry.activates >= at {
                return Err(ChangeError::ClockBehind(entry.id.clone()));
            }
            made += 1;
        }
    }
    let entry = Entry {
        id: KeyId::of_month(month, made + 1),
        key_use: KeyUse::Data,
        epoch: next_number(keys, KeyUse::Data),
        origin: None,
        activates: if made == 0 { start_of(month)? } else { at },
        ends: Some(ends(start_of(next_month)?, overlap_days)?),
        destroyed: None,
    };
    Ok(push(keys, entry, entropy)?)
}

fn push(keys: &mut Vec<Key>, entry: Entry, entropy: &dyn Entropy) -> Result<KeyId, EntropyError> {
    let id = entry.id.clone();
    let material = Material::make(|key| entropy.fill(key))?;
    keys.push(Key { entry, material: Some(Arc::new(material)) });
    Ok(id)
}

fn next_number(keys: &[Key], key_use: KeyUse) -> u32 {
    let of_use = keys.iter().filter(|key| key.entry.key_use == key_use);
    of_use.map(|key| key.entry.epoch).max().unwrap_or(0) + 1
}

fn ends(superseded: Timestamp, overlap_days: u16) -> Result<Ends, ChangeError> {
    let overlap = SignedDuration::from_hours(24 * i64::from(overlap_days));
    let accepted_until = superseded.checked_add(overlap).map_err(|_| ChangeError::Time)?;
    Ok(Ends { superseded, accepted_until })
}

/// First day of the calendar month, UTC: data keys turn everywhere at the same instant.
fn month_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date().first_of_month()
}

fn start_of(day: Date) -> Result<Timestamp, ChangeError> {
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|_| ChangeError::Time)?;
    Ok(midnight.timestamp())
}

/// An origin is the name of a signed note's key: visible ASCII without `+`.
fn parse_origin(origin: &str) -> Result<String, ChangeError> {
    let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'+';
    if (1..=255).contains(&origin.len()) && origin.bytes().all(visible) && !origin.ends_with('/') {
        Ok(origin.to_owned())
    } else {
        Err(ChangeError::Origin { origin: origin.chars().take(255).collect() })
    }
}
