//! Keys on their way between copies of one ring, sealed under the ring's own key, as the ring's file is: the data key of a month, and
//! turns that were handed out ahead of their time (`ahead.rs`).
//!
//! `{"header":{…},"body":"…"}`, written and sealed as the file is (`file.rs`). In clear, and authenticated: the ring's own key by
//! epoch and fingerprint, and name and life of the keys. The body has their 32 bytes each. So nothing of it can be changed or be taken
//! for another key, and whoever has not the ring's own key opens nothing (`docs/0007`, `docs/0008`).

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    at_rest::Ring,
    entry::{Entry, Key, Stored},
    error::{ChangeError, HandedError, RingError},
    file::{RingKey, compose, decrypt, encrypt, material, split},
    fingerprint::fingerprint,
    turn::{month_of, push_data, start_of},
};
use crate::{
    entropy::Entropy,
    frame::framed,
    id::{KeyId, KeyUse},
    secret::Material,
};

const FORMAT: &str = "credit-keys/handed/1";
/// Of a turn that is handed out ahead of its time.
pub(super) const AHEAD: &str = "credit-keys/handed/2";

/// What a key that was handed out is to this ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// This ring has it.
    Ours,
    /// This ring has it, and what was handed out is sealed under a key of the ring from before: it is to be handed out again.
    Before,
    /// This ring lacks it, and can take it.
    New,
    /// It was destroyed here, or one person's part of it was.
    Gone,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    ring: SealedUnder,
    key: Entry,
}

/// The ring's own key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SealedUnder {
    epoch: u32,
    fingerprint: String,
}

impl SealedUnder {
    pub(super) fn of(ring: &RingKey) -> Self {
        Self { epoch: ring.epoch, fingerprint: ring.fingerprint.clone() }
    }

    /// Whether it is the key that this ring has; [`Handed::Before`] where it is one from before, and the ring has what was sealed.
    pub(super) fn compare(&self, ring: &RingKey, has: bool, id: &KeyId) -> Result<Option<Handed>, HandedError> {
        if (self.epoch, &self.fingerprint) == (ring.epoch, &ring.fingerprint) {
            return Ok(None);
        }
        if has && self.epoch < ring.epoch {
            return Ok(Some(Handed::Before));
        }
        Err(HandedError::OtherRingKey(id.clone()))
    }
}

/// What every form of them has.
#[derive(Deserialize)]
struct Format {
    format: String,
}

impl Ring {
    /// The id of the first data key of the month (UTC) of an instant, and whether this ring has one of this id.
    #[must_use]
    pub fn of_month(&self, at: Timestamp) -> (KeyId, bool) {
        let id = KeyId::of_month(month_of(at), 1);
        let has = self.content.keys.iter().any(|key| key.entry.id == id);
        (id, has)
    }

    /// What stands for the ring's own key, by epoch and fingerprint: copies of one ring in which it is the same open what each hands out.
    #[must_use]
    pub fn own_key(&self) -> String {
        let SealedUnder { epoch, fingerprint } = SealedUnder::of(&self.content.ring);
        format!("{epoch} {fingerprint}")
    }

    /// The first data keys of months, each with whether it is whole: not destroyed, and no person's part of it.
    #[must_use]
    pub fn of_months(&self) -> Vec<(KeyId, bool)> {
        let first = self.of_use(KeyUse::Data).filter(|key| is_first_of_month(&key.entry));
        first.map(|key| (key.entry.id.clone(), is_whole(&key.entry))).collect()
    }

    /// Makes the data key of the month of `at`, sealed, for all copies of this ring: it is in none, also not in this one, before it
    /// is [taken](Self::take_handed). Nothing where the ring has a key of this month.
    ///
    /// # Errors
    /// When there is no randomness, or the clock stands where the calendar ends.
    pub fn hand_out_new(
        &self,
        at: Timestamp,
        overlap_days: u16,
        entropy: &dyn Entropy,
    ) -> Result<Option<(KeyId, String)>, ChangeError> {
        let (id, has) = self.of_month(at);
        if has {
            return Ok(None);
        }
        let mut keys: Vec<Key> = self.content.keys.clone();
        push_data(&mut keys, start_of(month_of(at))?, overlap_days, entropy)?;
        let Some(Key { entry, stored: Stored::Whole(material) }) = keys.pop() else { return Ok(None) };
        Ok(Some((id, self.seal_handed(entry, &material, entropy)?)))
    }

    /// A key that this ring has, sealed for the other copies of it: the first data key of a month, or the keys of a turn. Nothing for
    /// another one, or where something of it was destroyed.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn hand_out(&self, id: &KeyId, entropy: &dyn Entropy) -> Result<Option<String>, RingError> {
        if self.of_turns().iter().any(|(turn, _)| turn == id) {
            return self.hand_out_again(id, entropy);
        }
        let key = self.content.keys.iter().find(|key| key.entry.id == *id && is_first_of_month(&key.entry));
        match key {
            Some(Key { entry, stored: Stored::Whole(material) }) => {
                self.seal_handed(entry.clone(), material, entropy).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// What a key that was handed out as `id` is to this ring.
    ///
    /// # Errors
    /// Why it may not be used.
    pub fn examine_handed(&self, id: &KeyId, text: &str) -> Result<Handed, HandedError> {
        match is_turn(text) {
            true => self.open_turn(id, text).map(|(what, _)| what),
            false => self.open_handed(id, text).map(|(what, _)| what),
        }
    }

    /// Takes a key that was handed out as `id` into the ring and its file; false where it is in it.
    ///
    /// # Errors
    /// Why it may not be used, and what [`rotate`](Self::rotate) has.
    pub fn take_handed(&mut self, id: &KeyId, text: &str, entropy: &dyn Entropy) -> Result<bool, ChangeError> {
        self.settle()?;
        if is_turn(text) {
            return self.take_turn(id, text, entropy);
        }
        let Some((entry, material)) = self.open_handed(id, text)?.1 else { return Ok(false) };
        let mut keys = self.content.keys.clone();
        // Numbers are consecutive in each copy of the ring.
        let epoch = self.of_use(KeyUse::Data).map(|key| key.entry.epoch).max().unwrap_or(0) + 1;
        keys.push(Key { entry: Entry { epoch, ..entry }, stored: Stored::Whole(Arc::new(material)) });
        self.commit_keys(keys, entropy)?;
        Ok(true)
    }

    fn seal_handed(&self, key: Entry, material: &Material, entropy: &dyn Entropy) -> Result<String, RingError> {
        let header = Header { format: FORMAT.to_owned(), ring: SealedUnder::of(&self.content.ring), key };
        let header = serde_json::to_string(&header).map_err(|_| RingError::Malformed("header"))?;
        let body = material.disclose(|key| encrypt(&self.ring_key, &body_data(&header), key, entropy))?;
        Ok(compose(&header, &body))
    }

    /// What it is, and where it is new, the key.
    fn open_handed(&self, id: &KeyId, text: &str) -> Result<(Handed, Option<(Entry, Material)>), HandedError> {
        let altered = || HandedError::Altered(id.clone());
        let (header_text, body) = split(text.as_bytes()).ok_or_else(altered)?;
        let Header { format, ring, key: entry } = serde_json::from_str(header_text).map_err(|_| altered())?;
        if format != FORMAT {
            return Err(altered());
        }
        if entry.id != *id {
            return Err(HandedError::Misplaced { key: id.clone(), other: entry.id });
        }
        let own = self.content.keys.iter().find(|key| key.entry.id == *id);
        if own.is_some_and(|own| own.entry.fingerprint != entry.fingerprint) {
            return Err(HandedError::OtherKey(id.clone()));
        }
        if own.is_some_and(|own| own.entry.destroyed.is_some() || own.entry.punctured.is_some()) {
            return Ok((Handed::Gone, None));
        }
        if let Some(before) = ring.compare(&self.content.ring, own.is_some(), id)? {
            return Ok((before, None));
        }
        let plain = decrypt(&self.ring_key, &body_data(header_text), body).ok_or_else(altered)?;
        let material = material(&plain).ok_or_else(altered)?;
        if fingerprint(KeyUse::Data, id, &material) != entry.fingerprint
            || !is_first_of_month(&entry)
            || !is_whole(&entry)
        {
            return Err(altered());
        }
        Ok(if own.is_some() { (Handed::Ours, None) } else { (Handed::New, Some((entry, material))) })
    }
}

/// Whether it is a turn that was handed out ahead of its time, by what stands in clear.
fn is_turn(text: &str) -> bool {
    let format = split(text.as_bytes()).and_then(|(header, _)| serde_json::from_str::<Format>(header).ok());
    format.is_some_and(|header| header.format == AHEAD)
}

pub(super) fn is_whole(entry: &Entry) -> bool {
    entry.punctured.is_none() && entry.destroyed.is_none()
}

/// Whether it is in force from the beginning of a month on, and has its name.
pub(super) fn is_first_of_month(entry: &Entry) -> bool {
    let month = month_of(entry.activates);
    let is_named = entry.key_use == KeyUse::Data && entry.id == KeyId::of_month(month, 1);
    is_named && entry.ends.is_some() && start_of(month).is_ok_and(|start| start == entry.activates)
}

pub(super) fn body_data(header: &str) -> Vec<u8> {
    framed("credit/handed-key", &[header.as_bytes()])
}
