//! Turns that are handed out ahead of their time, so that all copies of a ring begin to use the next keys at one instant.
//!
//! A row as that of a month's data key (`handed.rs`), of the form `credit-keys/handed/2`: in clear, and authenticated, names and
//! activation of the new keys, which keys they follow on, and until when these are accepted. Whoever takes it does what a rotation at
//! that instant would have done to its ring. So a copy that lacks the key before, or has another one, takes nothing (`docs/0008`).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    at_rest::Ring,
    change::turning_with,
    entry::{Ends, Entry, Key, KeyState, Stored},
    error::{ChangeError, HandedError, RingError},
    file::{compose, decrypt, encrypt, material, split},
    fingerprint::fingerprint,
    handed::{AHEAD, Handed, SealedUnder, body_data, is_first_of_month, is_whole},
    turn::{month_of, next_epoch, next_in_month, next_number, start_of, supersede, supersede_data},
};
use crate::{
    entropy::Entropy,
    id::{KeyId, KeyUse},
    secret::KEY_BYTES,
};

/// A turn as it is asked for ahead of its time.
#[derive(Debug, Clone, Copy)]
pub struct Ahead {
    /// Pseudonym (the tag keys turn with it), state, or data.
    pub key_use: KeyUse,
    /// From when on the new keys are in force.
    pub at: Timestamp,
    /// Days for which the keys before are still accepted then.
    pub overlap_days: u16,
    /// Whether to turn although that retires a key which is still accepted.
    pub end_overlap: bool,
}

/// What stands in clear of keys that were handed out. It is authentic where [`Ring::examine_handed`] says nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The keys, each with its fingerprint.
    pub keys: Vec<(KeyId, String)>,
    /// From when on they are in force.
    pub activates: Timestamp,
}

impl About {
    /// Reads what stands in clear; nothing where it has no known form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Clear {
            key: Option<Entry>,
            #[serde(default)]
            keys: Vec<Entry>,
        }
        let (header, _) = split(text.as_bytes())?;
        let Clear { key, keys } = serde_json::from_str(header).ok()?;
        let entries: Vec<Entry> = key.into_iter().chain(keys).collect();
        let activates = entries.first()?.activates;
        Some(Self { keys: entries.into_iter().map(|entry| (entry.id, entry.fingerprint)).collect(), activates })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    ring: SealedUnder,
    keys: Vec<Entry>,
    /// The keys that these follow on, in the same order.
    follow: Vec<Before>,
    /// Until when those are accepted.
    accepted_until: Timestamp,
}

/// A key before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    key: KeyId,
    fingerprint: String,
}

impl Before {
    fn of(key: &Key) -> Self {
        Self { key: key.entry.id.clone(), fingerprint: key.entry.fingerprint.clone() }
    }
}

/// A turn that was opened.
pub(super) struct Turned {
    header: Header,
    keys: Vec<Key>,
}

impl Ring {
    /// The turns that this ring has, by the id of their first key, each with whether all of it is whole. The keys with which a ring
    /// begins, and those of months, are none.
    #[must_use]
    pub fn of_turns(&self) -> Vec<(KeyId, bool)> {
        let of = |key_use| self.of_use(key_use).skip(1);
        let epochs = of(KeyUse::Pseudonym).chain(of(KeyUse::State));
        let data = self.of_use(KeyUse::Data).filter(|key| !is_first_of_month(&key.entry));
        let is_whole = |key: &Key| self.turned_with(key).iter().all(|key| is_whole(&key.entry));
        epochs.chain(data).map(|key| (key.entry.id.clone(), is_whole(key))).collect()
    }

    /// Makes the keys of a turn that is to come, sealed, for all copies of this ring: they are in none, also not in this one, before
    /// they are [taken](Self::take_handed). With the id of the first.
    ///
    /// # Errors
    /// When a turn of this use is on its way, an overlap would be cut short, or a data key not be of its month.
    pub fn hand_out_ahead(
        &self,
        ahead: &Ahead,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(KeyId, String), ChangeError> {
        let Ahead { key_use, at, overlap_days, .. } = *ahead;
        let uses = match key_use {
            KeyUse::Pseudonym | KeyUse::State => turning_with(key_use),
            KeyUse::Data => &[KeyUse::Data],
            KeyUse::Tag => return Err(ChangeError::TurnsWithPseudonym),
            KeyUse::Index | KeyUse::Log | KeyUse::Ring => return Err(ChangeError::NeedsOrigin),
        };
        let is_month = |key: &Key| is_first_of_month(&key.entry);
        let on_its_way = self.of_use(key_use).find(|key| key.entry.activates > now && !is_month(key));
        if let Some(Key { entry, .. }) = on_its_way {
            return Err(ChangeError::OnItsWay { key: entry.id.clone(), at: entry.activates });
        }
        if key_use != KeyUse::Data && !ahead.end_overlap {
            self.check_no_overlap(key_use, at)?;
        }
        let before = uses.iter().map(|each| self.in_force(*each, at).map(Before::of)).collect::<Result<_, _>>();
        let before: Vec<Before> = before.map_err(|_| ChangeError::NotOfMonth)?;
        let active = self.in_force(key_use, at).map_err(|_| ChangeError::NotOfMonth)?;
        if key_use == KeyUse::Data && month_of(active.entry.activates) != month_of(at) {
            return Err(ChangeError::NotOfMonth);
        }
        let mut keys = self.content.keys.clone();
        let count = keys.len();
        match key_use {
            KeyUse::Data => drop(next_in_month(&mut keys, at, overlap_days, entropy)?),
            _ => {
                for each in uses {
                    next_epoch(&mut keys, *each, at, overlap_days, entropy)?;
                }
            }
        }
        let made = keys.split_off(count);
        let id = made.first().map(|key| key.entry.id.clone()).ok_or(ChangeError::NotOfMonth)?;
        let overlap = SignedDuration::from_hours(24 * i64::from(overlap_days));
        let accepted_until = at.checked_add(overlap).map_err(|_| ChangeError::Time)?;
        Ok((id, self.seal_turn(&made, before, accepted_until, entropy)?))
    }

    /// A turn that this ring has, as it was handed out; nothing where something of it is not whole.
    pub(super) fn hand_out_again(&self, id: &KeyId, entropy: &dyn Entropy) -> Result<Option<String>, RingError> {
        let Some(first) = self.content.keys.iter().find(|key| key.entry.id == *id) else { return Ok(None) };
        let keys = self.turned_with(first);
        let before: Vec<&Key> = keys.iter().filter_map(|key| self.before(key)).collect();
        let accepted = before.first().and_then(|key| key.entry.ends).map(|ends| ends.accepted_until);
        let (Some(accepted_until), true) = (accepted, before.len() == keys.len()) else { return Ok(None) };
        if keys.iter().any(|key| !is_whole(&key.entry)) {
            return Ok(None);
        }
        let as_made = |key: &&Key| {
            let mut key = (*key).clone();
            // What ended an epoch since is said by the turn that did.
            key.entry.ends = key.entry.ends.filter(|_| key.entry.key_use == KeyUse::Data);
            key
        };
        let keys: Vec<Key> = keys.iter().map(as_made).collect();
        self.seal_turn(&keys, before.into_iter().map(Before::of).collect(), accepted_until, entropy).map(Some)
    }

    /// What a turn that was handed out as `id` is to this ring; where it is new, what is in it.
    pub(super) fn open_turn(&self, id: &KeyId, text: &str) -> Result<(Handed, Option<Turned>), HandedError> {
        let altered = || HandedError::Altered(id.clone());
        let (header_text, body) = split(text.as_bytes()).ok_or_else(altered)?;
        let header: Header = serde_json::from_str(header_text).map_err(|_| altered())?;
        let first = header.keys.first().ok_or_else(altered)?;
        if first.id != *id {
            return Err(HandedError::Misplaced { key: id.clone(), other: first.id.clone() });
        }
        let own: Vec<&Key> = header.keys.iter().filter_map(|entry| self.key(&entry.id)).collect();
        let is_same = |key: &&Key| {
            header.keys.iter().any(|entry| entry.id == key.entry.id && entry.fingerprint == key.entry.fingerprint)
        };
        if let Some(other) = own.iter().find(|key| !is_same(key)) {
            return Err(HandedError::OtherKey(other.entry.id.clone()));
        }
        if own.iter().any(|key| !is_whole(&key.entry)) {
            return Ok((Handed::Gone, None));
        }
        let has = own.len() == header.keys.len();
        if let Some(before) = header.ring.compare(&self.content.ring, has, id)? {
            return Ok((before, None));
        }
        let plain = decrypt(&self.ring_key, &body_data(header_text), body).ok_or_else(altered)?;
        let keys = put_together(&header, &plain).ok_or_else(altered)?;
        Ok(if has { (Handed::Ours, None) } else { (Handed::New, Some(Turned { header, keys })) })
    }

    /// Takes a turn into the ring and its file; false where it is in it.
    pub(super) fn take_turn(&mut self, id: &KeyId, text: &str, entropy: &dyn Entropy) -> Result<bool, ChangeError> {
        let Some(turned) = self.open_turn(id, text)?.1 else { return Ok(false) };
        let keys = self.turned(turned, id)?;
        self.commit_keys(keys, entropy)?;
        Ok(true)
    }

    /// The keys after a turn, which follows on those of this ring.
    fn turned(&self, Turned { header, keys: new }: Turned, id: &KeyId) -> Result<Vec<Key>, HandedError> {
        let gap = || HandedError::Gap(id.clone());
        let has =
            |before: &Before| self.key(&before.key).is_some_and(|key| key.entry.fingerprint == before.fingerprint);
        if header.follow.len() != new.len() || !header.follow.iter().all(has) {
            return Err(gap());
        }
        let mut keys = self.content.keys.clone();
        for (mut key, before) in new.into_iter().zip(&header.follow) {
            let (key_use, at) = (key.entry.key_use, key.entry.activates);
            let ends = Ends { superseded: at, accepted_until: header.accepted_until };
            let (number, newest) = (next_number(&keys, key_use), keys.iter().rfind(|key| key.entry.key_use == key_use));
            if key_use == KeyUse::Data {
                let active =
                    keys.iter().find(|key| key.entry.key_use == key_use && key.entry.state(at) == KeyState::Active);
                // One that was superseded here since, by a turn that is taken already, is active no more.
                if active.is_some_and(|active| active.entry.id != before.key) {
                    return Err(gap());
                }
                supersede_data(&mut keys, ends);
            } else {
                let is_next = newest.is_some_and(|newest| newest.entry.id == before.key);
                if !is_next || KeyId::of_epoch(key_use, number) != key.entry.id {
                    return Err(gap());
                }
                supersede(&mut keys, key_use, ends).map_err(|_| gap())?;
            }
            // Numbers are consecutive in each copy of the ring.
            key.entry.epoch = number;
            keys.push(key);
        }
        Ok(keys)
    }

    fn seal_turn(
        &self,
        keys: &[Key],
        follow: Vec<Before>,
        accepted_until: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<String, RingError> {
        let entries = keys.iter().map(|key| key.entry.clone()).collect();
        let ring = SealedUnder::of(&self.content.ring);
        let header = Header { format: AHEAD.to_owned(), ring, keys: entries, follow, accepted_until };
        let header = serde_json::to_string(&header).map_err(|_| RingError::Malformed("header"))?;
        let mut plain = Zeroizing::new(Vec::with_capacity(keys.len() * KEY_BYTES));
        for key in keys {
            key.disclose(|key| plain.extend_from_slice(key)).map_err(|_| RingError::Malformed("body"))?;
        }
        let body = encrypt(&self.ring_key, &body_data(&header), &plain, entropy)?;
        Ok(compose(&header, &body))
    }

    fn key(&self, id: &KeyId) -> Option<&Key> {
        self.content.keys.iter().find(|key| key.entry.id == *id)
    }

    /// A key and the one that turned with it.
    fn turned_with<'k>(&'k self, key: &'k Key) -> Vec<&'k Key> {
        let Entry { key_use, epoch, .. } = key.entry;
        let others = turning_with(key_use).iter().filter(|each| **each != key_use);
        let with = others.filter_map(|each| self.of_use(*each).find(|key| key.entry.epoch == epoch));
        std::iter::once(key).chain(with).collect()
    }

    /// The key that was in force until this one was.
    fn before(&self, key: &Key) -> Option<&Key> {
        let ended = |before: &&Key| before.entry.ends.is_some_and(|ends| ends.superseded == key.entry.activates);
        self.of_use(key.entry.key_use).filter(ended).last()
    }
}

/// Gives each key its bytes, where all of it is what a turn makes.
fn put_together(header: &Header, plain: &[u8]) -> Option<Vec<Key>> {
    let first = header.keys.first()?;
    let uses = match first.key_use {
        KeyUse::Pseudonym | KeyUse::State => turning_with(first.key_use),
        KeyUse::Data => &[KeyUse::Data],
        KeyUse::Tag | KeyUse::Index | KeyUse::Log | KeyUse::Ring => return None,
    };
    let is_of_turn = |entry: &Entry| {
        let is_data = entry.key_use == KeyUse::Data;
        let ends = entry.ends.is_some() == is_data && (!is_data || is_within_month(entry));
        is_whole(entry) && ends && entry.activates == first.activates && entry.origin.is_none()
    };
    let is_right = header.keys.iter().map(|entry| &entry.key_use).eq(uses) && header.keys.iter().all(is_of_turn);
    if !is_right || plain.len() != header.keys.len() * KEY_BYTES {
        return None;
    }
    let keys = header.keys.iter().zip(plain.chunks_exact(KEY_BYTES)).map(|(entry, bytes)| {
        let material = material(bytes)?;
        let is_it = fingerprint(entry.key_use, &entry.id, &material) == entry.fingerprint;
        is_it.then(|| Key { entry: entry.clone(), stored: Stored::Whole(Arc::new(material)) })
    });
    keys.collect()
}

/// Whether a data key has the name of a later one of its month, and is superseded in it or at its end.
fn is_within_month(entry: &Entry) -> bool {
    let month = month_of(entry.activates);
    let end = month.checked_add(1.month()).ok().and_then(|next| start_of(next).ok());
    let is_named = (2..100).any(|ordinal| entry.id == KeyId::of_month(month, ordinal));
    is_named && entry.ends.zip(end).is_some_and(|(ends, end)| ends.superseded <= end)
}
