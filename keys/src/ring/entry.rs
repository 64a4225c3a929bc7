//! A key of the ring and the state of its life.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::KeyError;
use crate::{
    data_key::PersonKeys,
    id::{KeyId, KeyUse},
    secret::{KEY_BYTES, Material},
};

/// Where a key stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Its time has not come.
    Pending,
    /// Used for everything new.
    Active,
    /// Superseded, in its overlap: used beside the active key for what was made with it.
    Accepted,
    /// Used only to open, trace or verify what was made with it.
    Retired,
    /// Its material is gone; only its name remains.
    Destroyed,
}

/// What is known of a key without knowing the key. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyStatus {
    /// Such as `data-2026-11`; it stands in leaves.
    pub id: KeyId,
    /// The one use of the key.
    #[serde(rename = "use")]
    pub key_use: KeyUse,
    /// 16 bytes in base64url that depend on the key itself: another key under the same id has another fingerprint.
    pub fingerprint: String,
    /// Consecutive number among the keys of its use, from 1.
    pub epoch: u32,
    /// Of a log key: the origin for which it signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// At the instant of the question.
    pub state: KeyState,
    /// From when it is used.
    pub activates: Timestamp,
    /// The end of its use, where that is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
    /// Of a data key: when a person's records were last destroyed under it, if any were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_destroyed: Option<Timestamp>,
    /// When it was destroyed, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroyed: Option<Timestamp>,
}

/// The end of a key's use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    /// From when another key is used for everything new.
    pub superseded: Timestamp,
    /// Until when it is accepted beside the other.
    pub accepted_until: Timestamp,
}

/// A key as the header of the ring's file names it: in clear, and authenticated.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) id: KeyId,
    #[serde(rename = "use")]
    pub(crate) key_use: KeyUse,
    pub(crate) fingerprint: String,
    pub(crate) epoch: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    pub(crate) activates: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends: Option<Ends>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) punctured: Option<Punctured>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) destroyed: Option<Timestamp>,
}

/// Of a data key under which persons were destroyed: when the last was, and the subtrees that remain.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Punctured {
    pub(crate) last: Timestamp,
    pub(crate) subtrees: usize,
}

impl Entry {
    /// The state follows from the instants alone, so no job has to move keys along.
    pub(crate) fn state(&self, at: Timestamp) -> KeyState {
        if self.destroyed.is_some() {
            return KeyState::Destroyed;
        }
        if at < self.activates {
            return KeyState::Pending;
        }
        match self.ends {
            Some(ends) if at >= ends.superseded && at >= ends.accepted_until => KeyState::Retired,
            Some(ends) if at >= ends.superseded => KeyState::Accepted,
            // It could not seal a record of the person who was destroyed.
            Some(_) | None if self.punctured.is_some() => KeyState::Accepted,
            Some(_) | None => KeyState::Active,
        }
    }

    pub(crate) fn status(&self, at: Timestamp) -> KeyStatus {
        KeyStatus {
            id: self.id.clone(),
            key_use: self.key_use,
            fingerprint: self.fingerprint.clone(),
            epoch: self.epoch,
            origin: self.origin.clone(),
            state: self.state(at),
            activates: self.activates,
            ends: self.ends,
            person_destroyed: self.punctured.map(|punctured| punctured.last),
            destroyed: self.destroyed,
        }
    }
}

/// What the ring has of a key.
#[derive(Clone)]
pub(crate) enum Stored {
    Whole(Arc<Material>),
    /// A data key without the persons who were destroyed under it.
    Punctured(Arc<PersonKeys>),
    Destroyed,
}

/// A key and what is left of it; clones share it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) entry: Entry,
    pub(crate) stored: Stored,
}

impl Key {
    /// Lends the material.
    pub(crate) fn disclose<R>(&self, reader: impl FnOnce(&[u8; KEY_BYTES]) -> R) -> Result<R, KeyError> {
        Ok(self.material()?.disclose(reader))
    }

    pub(crate) fn material(&self) -> Result<&Material, KeyError> {
        match &self.stored {
            Stored::Whole(material) => Ok(material),
            Stored::Punctured(_) | Stored::Destroyed => Err(KeyError::Destroyed(self.entry.id.clone())),
        }
    }

    /// Whether nobody's part of it was destroyed.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.stored, Stored::Whole(_))
    }

    /// Of a data key: what derives the keys of persons.
    pub(crate) fn person_keys(&self) -> Result<Arc<PersonKeys>, KeyError> {
        match &self.stored {
            Stored::Whole(material) => Ok(Arc::new(material.disclose(PersonKeys::of))),
            Stored::Punctured(persons) => Ok(Arc::clone(persons)),
            Stored::Destroyed => Err(KeyError::Destroyed(self.entry.id.clone())),
        }
    }
}
